"""The words for services that let nobody in without a sign-in by OAuth."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.answers.causes import Cause
from lifecycle.services.diagnosis.advice import Act, Advice

AGAIN = (Act.SIGN_IN, Act.RECONNECT)
SIGN_IN: dict[Cause, Advice] = {
    Cause.NEEDS_SIGN_IN: Advice(
        short=lazy("needs OAuth sign-in"),
        happened=lazy("It needs sign-in: it is up and waits for someone to sign in."),
        cause=lazy("The server requires OAuth, and the console has no token for it."),
        todo=(lazy("Sign in on its page. The console finds out where, and never asks for a password."),),
        acts=AGAIN,
    ),
    Cause.SIGN_IN_ENDED: Advice(
        short=lazy("sign-in expired"),
        happened=lazy("The sign-in has expired."),
        cause=lazy("The token has expired or is no longer accepted, and it cannot be renewed."),
        todo=(lazy("Sign in again."),),
        acts=AGAIN,
    ),
    Cause.CONSENT_GONE: Advice(
        short=lazy("consent withdrawn"),
        happened=lazy("The consent was withdrawn."),
        cause=lazy("Someone withdrew it at the authorization server, or it expired."),
        todo=(lazy("Sign in again if the console should continue to use this service."),),
        acts=AGAIN,
    ),
    Cause.CLIENT_UNKNOWN: Advice(
        short=lazy("not registered"),
        happened=lazy("The authorization server no longer knows this console."),
        cause=lazy("It was restarted or cleaned up, or the client secret has expired."),
        todo=(lazy("Sign in again: the console registers again automatically."),),
        acts=AGAIN,
    ),
    Cause.RENEWAL_CUT: Advice(
        short=lazy("renewal interrupted"),
        happened=lazy("The sign-in has expired: a renewal was interrupted before its response was saved."),
        cause=lazy("The worker or the network failed midway, and the server does not accept a token twice."),
        todo=(lazy("Sign in again; nothing else was lost."),),
        acts=AGAIN,
    ),
    Cause.MORE_SCOPE: Advice(
        short=lazy("needs more permissions"),
        happened=lazy("It needs more permissions than it was granted."),
        cause=lazy("The consent does not cover the scopes named in the message."),
        todo=(lazy("Sign in again: you are asked for the old and new permissions together."),),
        acts=AGAIN,
    ),
    Cause.ISSUER_AWAY: Advice(
        short=lazy("cannot renew sign-in"),
        happened=lazy("Its token has expired, and its authorization server cannot renew it right now."),
        cause=lazy("The authorization server is down, busy or unreachable from the console's machine."),
        todo=(
            lazy("Wait: renewal is retried with each connection attempt."),
            lazy("If that server is up, sign in again."),
        ),
        acts=(Act.RECONNECT, Act.SIGN_IN),
    ),
}
