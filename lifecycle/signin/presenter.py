"""Signing in to a service, in words: each step, each way it can fail, and what to do about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State
from lifecycle.core.signin import addresses
from lifecycle.core.signin.failures import Failure
from lifecycle.models import ServiceSignIn, SignInFlow
from lifecycle.pages import humanize
from lifecycle.services import queries as service_queries
from lifecycle.services.diagnosis.diagnosis import needs_sign_in
from lifecycle.signin import queries
from lifecycle.signin.operations import CONSENT_WITHIN, NO_ADDRESS
from registry.models import Service, Transport

STEPS = {
    "discovery": lazy("Discovery"),
    "registration": lazy("Registration"),
    "consent": lazy("Consent"),
    "token": lazy("Token"),
}
ORDER = ("asked", *STEPS, "done")
WORDS = {
    "asked": lazy("Requested %(url)s without a token: HTTP %(status)s"),
    "looked": lazy("Read %(url)s: HTTP %(status)s"),
    "server": lazy("Signs in at %(issuer)s"),
    "by-hand": lazy("As client %(client)s, registered by an admin"),
    "by-document": lazy("As the client described at %(client)s"),
    "kept": lazy("As client %(client)s, registered before"),
    "registered": lazy("Registered as client %(client)s"),
    "consented": lazy("%(issuer)s sent you back with its consent"),
}
REGISTERED = ("kept", "registered")
AGAIN = lazy("Sign in again.")
LATER = lazy("Try again in a few minutes.")
OWNER = lazy("Ask the server's owner.")
BY_HAND = lazy("Register a client at that server manually, and ask an admin to enter it below.")
FAILURES: dict[str, tuple[Any, Any]] = {
    Failure.NOT_NEEDED: (
        lazy("The service accepts the console without a sign-in, and names no authorization server."),
        lazy("Reconnect it."),
    ),
    Failure.UNANSWERED: (lazy("A server involved in the sign-in did not respond correctly."), LATER),
    Failure.NO_METADATA: (
        lazy("Discovery failed: no authorization server was found."),
        lazy("It may need an API key: enter it as the bearer token. Otherwise ask the server's owner."),
    ),
    Failure.WRONG_RESOURCE: (
        lazy("Its metadata describes a different address than the one configured here."),
        lazy("Compare its URL with the server's documentation."),
    ),
    Failure.WRONG_ISSUER: (
        lazy("Wrong issuer: a different server answered than expected. Nothing was sent to it."),
        OWNER,
    ),
    Failure.NO_PKCE: (
        lazy(
            "The authorization server does not declare support for PKCE with S256, which protects the "
            "sign-in."
        ),
        OWNER,
    ),
    Failure.REFUSED_ADDRESS: (
        lazy("An address named by a server is not allowed."),
        lazy("If it is right, allow its network with MCPSTORE_EGRESS_ALLOW; addresses need https."),
    ),
    Failure.REGISTRATION: (lazy("Registration refused: the server does not accept this client."), BY_HAND),
    Failure.NO_CLIENT: (lazy("The server does not register clients automatically."), BY_HAND),
    Failure.CLIENT_UNKNOWN: (
        lazy("The authorization server no longer knows this console."),
        lazy(
            "Sign in again: the console registers again. A manually registered client must be entered again."
        ),
    ),
    Failure.CONSENT_REFUSED: (lazy("Consent refused: access was denied at the authorization server."), AGAIN),
    Failure.AUTHORIZATION: (lazy("The authorization server refused."), AGAIN),
    Failure.TOKEN: (lazy("Consent was given, but no token was issued."), AGAIN),
    Failure.TOO_LATE: (lazy("The response came too late."), AGAIN),
    Failure.OURS: (
        lazy("The console could not interpret a response."),
        lazy("See the worker's log for details."),
    ),
}
PROBLEMS: dict[str, Any] = {
    Cause.SIGN_IN_ENDED: lazy("The sign-in has expired and cannot be renewed. Sign in again."),
    Cause.CONSENT_GONE: lazy("The consent was withdrawn at the authorization server. Sign in again."),
    Cause.CLIENT_UNKNOWN: lazy(
        "The authorization server no longer knows this console. Sign in again: it registers again "
        "automatically."
    ),
    Cause.RENEWAL_CUT: lazy(
        "A renewal was interrupted before its response was saved, so the sign-in has expired. Sign in again."
    ),
    Cause.ISSUER_AWAY: lazy("The authorization server could not renew the sign-in. It is retried."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of an attempt; `css` is past, now, failed or to-come."""

    word: str
    css: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """All that `_signin.html` shows."""

    shown: bool
    headline: str
    problem: str = ""
    said: str = ""
    todo: str = ""
    steps: tuple[Step, ...] = ()
    open: bool = False
    past: bool = False
    waits: bool = False
    consent: str = ""
    consent_host: str = ""
    signed_in: bool = False
    registers: bool = False
    issuer: str = ""
    scope: str = ""
    wanted: str = ""
    by: str = ""
    at_iso: str = ""
    at_text: str = ""
    ends_iso: str = ""
    ends_text: str = ""
    renews: bool = False
    client: dict[str, str] | None = None
    machine: bool = False


def context_of(service: Service, who: str, now: datetime) -> dict[str, Any]:
    """What the card needs, and the mark by which a page knows that it shows it already."""
    card = card_of(service, who, now)
    digest = hashlib.sha256(repr(replace(card, at_text="")).encode()).hexdigest()[:16]
    return {"signin": card, "signin_digest": digest}


def card_of(service: Service, who: str, now: datetime) -> Card:
    """How it stands with signing in, for *who*; not shown where nothing speaks of it."""
    row, flow = queries.grant_of(service), queries.flow_of(service)
    if service.transport == Transport.STDIO or not (row or flow or _wants(service)):
        return Card(shown=False, headline="")
    signed_in = bool(row and row.tokens)
    open_now = flow is not None and flow.ended_at is None
    if open_now and flow is not None and now - flow.started_at > CONSENT_WITHIN:
        open_now = False
    return Card(
        shown=True,
        signed_in=signed_in,
        open=open_now,
        past=signed_in and not open_now and not (flow and flow.failure),
        registers=any(word in REGISTERED for _step, word, _details in (flow.lines if flow else [])),
        **_of_flow(flow, who, open_now),
        **_of_grant(row, now),
        headline=_headline(service, row),
    )


def _wants(service: Service) -> bool:
    row = service_queries.state_row(service)
    return row is not None and needs_sign_in(State(row.state), row.error_kind) and row.error_kind == Kind.AUTH


def _headline(service: Service, row: ServiceSignIn | None) -> str:
    signed_in = bool(row and row.tokens)
    if signed_in and row and _moved(service, row):
        return _("Signed in for %(url)s, which is a different address. Sign in again.") % {
            "url": row.resource
        }
    if row and row.problem in PROBLEMS:
        return str(PROBLEMS[row.problem])
    if row and row.wanted:
        return _("The service requires more permissions than you granted. Sign in again to grant them.")
    if signed_in:
        return _("Signed in.")
    return _("Not signed in.")


def _moved(service: Service, row: ServiceSignIn) -> bool:
    """Whether its token is not presented, being for another address than it has now.

    Its state alone does not say so: right after a sign-in it is still that of the attempt before.
    """
    state, url = service_queries.state_row(service), str(service.entry.get("url", ""))
    wants = state is not None and state.error_cause == Cause.NEEDS_SIGN_IN
    return wants and not addresses.is_within(url, row.resource)


def _of_flow(flow: SignInFlow | None, who: str, open_now: bool) -> dict[str, Any]:
    if flow is None:
        if addresses.receives(settings.PUBLIC_URL):
            return {}
        return {"problem": _(NO_ADDRESS) % settings.PUBLIC_URL}
    said: dict[str, Any] = {"steps": tuple(_step(flow, step, open_now) for step in STEPS)}
    if flow.failure:
        words, todo = FAILURES.get(flow.failure, FAILURES[Failure.OURS])
        said |= {"problem": str(words), "said": flow.said, "todo": str(todo)}
    if flow.step == "consent" and open_now:
        mine = flow.started_by == who
        url = queries.consent_url(flow) if mine else ""
        host = addresses.host_of(url)
        said |= {"consent": url, "consent_host": host, "waits": True}
        if not mine:
            said["todo"] = _("%(who)s started this sign-in and has to finish it.") % {"who": flow.started_by}
    return said


def _step(flow: SignInFlow, step: str, open_now: bool) -> Step:
    at, here = ORDER.index(flow.step), ORDER.index(step)
    css = "past" if here < at else "to-come"
    if here == at or (flow.step == "asked" and step == "discovery"):
        css = "failed" if flow.failure else ("now" if open_now else "to-come")
    lines = tuple(_line(word, details) for name, word, details in flow.lines if name == step)
    return Step(word=str(STEPS[step]), css=css, lines=lines)


def _line(word: str, details: dict[str, Any]) -> str:
    try:
        return str(WORDS[word]) % details
    except KeyError:
        return word


def _of_grant(row: ServiceSignIn | None, now: datetime) -> dict[str, Any]:
    if row is None:
        return {}
    about: dict[str, Any] = {
        "client": queries.typed_client(row),
        "machine": row.grant == ServiceSignIn.Grant.CLIENT,
    }
    if not row.tokens:
        return about
    return about | {
        "issuer": row.issuer,
        "scope": row.scope,
        "wanted": row.wanted,
        "by": row.signed_in_by,
        "at_iso": humanize.iso(row.signed_in_at),
        "at_text": humanize.ago(row.signed_in_at, now),
        "ends_iso": humanize.iso(row.expires_at),
        "ends_text": humanize.local(row.expires_at),
        "renews": row.renew_at is not None and not row.problem,
    }
