"""What signing in does, whichever way it was done: the session's place, the audit row."""

from __future__ import annotations

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from registry.access import audit, clients, first_admin
from registry.access.sessions import browsers
from registry.access.sessions.queries import PLACE
from registry.access.signin.throttle import DOOR

ON_THE_WAY = 900
"""Seconds that the session of somebody lives who is not in yet: anybody can have one made."""
CODES = {"totp": "a code", "recovery_codes": "a recovery code", "webauthn": "a passkey"}


def on_the_way(request: HttpRequest) -> None:
    """What is kept until the next step is soon forgotten, where nobody takes it."""
    if not request.user.is_authenticated:
        request.session.set_expiry(ON_THE_WAY)


def begin(request: HttpRequest, user: User) -> None:
    """Keep in the new session what its person will know it by, and note it."""
    now, address = timezone.now(), clients.address(request)
    request.session.set_expiry(None)
    Session.objects.filter(expire_date__lt=now).delete()
    browser = browsers.told(request.headers.get("User-Agent", ""))
    request.session[PLACE] = {"address": address, "browser": browser, "at": now.isoformat()}
    if first_admin.has_printed_password(user):
        request.session["printed"] = True
    audit.note(user.get_username(), "signed in", "console", f"from {address}{_way(request, user)}", now=now)


def refused(request: HttpRequest, user: User) -> None:
    """The password, the passkey or the provider was right, and the account is deactivated."""
    where = f"from {clients.address(request)}, deactivated"
    audit.note(DOOR, "sign-in refused", user.get_username(), where, now=timezone.now())


def _way(request: HttpRequest, user: User) -> str:
    """How, where it was not by the password alone."""
    ways = [_word(record) for record in get_authentication_records(request, user)]
    told = list(dict.fromkeys(filter(None, ways)))
    return f", by {' and '.join(told)}" if told and told != ["password"] else ""


def _word(record: dict[str, object]) -> str:
    method = str(record.get("method", ""))
    if method == "socialaccount":
        return "OpenID Connect"
    if method == "link":
        return "a link of the command line"
    return CODES.get(str(record.get("type")), "") if method == "mfa" else method
