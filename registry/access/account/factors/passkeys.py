"""Passkeys: what a browser is asked, and whether its answer is right; by allauth, imported when needed."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest

Options = dict[str, Any]
WRONG = (ValidationError, ValueError, TypeError, KeyError, AttributeError)
"""What allauth and fido2 make of an answer that is not one."""


def possible(request: HttpRequest) -> bool:
    """Browsers keep passkeys for names alone, and only where nobody can listen: https, or localhost."""
    host = request.get_host().rpartition(":")[0] if request.get_host()[-1:] != "]" else request.get_host()
    name = (host or request.get_host()).strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return request.is_secure()
    return False


def asked_to_add(user: User) -> Options:
    """What the browser is to make a new passkey of; the challenge is kept in the session."""
    from allauth.mfa.webauthn.internal import auth

    return auth.begin_registration(user, passwordless=True)


def made(answer: Options) -> bool:
    """Whether this answers what was asked, by somebody whom the device has recognised."""
    from allauth.mfa.webauthn.internal import auth

    try:
        auth.parse_registration_response(answer)
        return bool(auth.complete_registration(answer).is_user_verified())
    except WRONG:
        return False


def asked_to_show(user: User | None = None) -> Options:
    """What the browser is to sign with a passkey: of this person, or, for None, of anybody's."""
    from allauth.mfa.webauthn.internal import auth

    return auth.begin_authentication(user)


def claimed(answer: Options) -> User | None:
    """Whose passkey this says to be; nothing is proved yet."""
    from allauth.mfa.webauthn.internal import auth

    try:
        found: Any = auth.extract_user_from_response(answer)
    except WRONG:
        return None
    return found if isinstance(found, User) else None


def shown(user: User, answer: Options) -> Authenticator | None:
    """The passkey of this person that has signed what was asked; None if none has."""
    from allauth.mfa.webauthn.internal import auth

    try:
        response = auth.parse_authentication_response(answer)
        found = auth.complete_authentication(user, answer)
        verified = response.response.authenticator_data.is_user_verified()
    except WRONG:
        return None
    return found if verified else None
