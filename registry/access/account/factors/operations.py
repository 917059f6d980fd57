"""Add, remove and reset second factors, each with its row in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction

from registry.access import audit
from registry.access.account.factors import codes
from registry.access.sessions import end as end_sessions
from registry.errors import NotPossibleError

NAMED_AT_MOST = 60
PASSKEYS_AT_MOST = 20
Type = Authenticator.Type


def add_app(user: User, secret: str, counter: int, *, now: datetime) -> bool:
    """An app; *counter* is of its first code, which counts no second time. Whether new codes were made."""
    from allauth.mfa.totp.internal import auth

    with transaction.atomic():
        _locked(user)
        if Authenticator.objects.filter(user=user, type=Type.TOTP).exists():
            raise NotPossibleError("An authenticator app is set up already. Remove it first.")
        row = auth.TOTP.activate(user, secret).instance
        row.data[codes.USED] = counter
        row.save(update_fields=["data"])
        audit.note(user.get_username(), "authenticator app added", user.get_username(), now=now)
        return _with_codes(user, now)


def add_passkey(user: User, name: str, credential: dict[str, Any], *, now: datetime) -> bool:
    """A passkey that answered. Whether recovery codes were made with it."""
    from allauth.mfa.webauthn.internal import auth

    called = name.replace("\0", "").strip()[:NAMED_AT_MOST] or "passkey"
    with transaction.atomic():
        _locked(user)
        if Authenticator.objects.filter(user=user, type=Type.WEBAUTHN).count() >= PASSKEYS_AT_MOST:
            raise NotPossibleError(f"There are {PASSKEYS_AT_MOST} passkeys already. Remove one first.")
        auth.WebAuthn.add(user, called, credential)
        audit.note(user.get_username(), "passkey added", user.get_username(), called, now=now)
        return _with_codes(user, now)


def remove_app(user: User, *, now: datetime) -> bool:
    """Whether there was one."""
    return _remove(user, Authenticator.objects.filter(type=Type.TOTP), "authenticator app removed", now)


def remove_passkey(user: User, pk: int, *, now: datetime) -> bool:
    """Whether it was this person's."""
    return _remove(user, Authenticator.objects.filter(type=Type.WEBAUTHN, pk=pk), "passkey removed", now)


def renew_codes(user: User, *, now: datetime) -> None:
    """Ten new ones; the former open nothing any more. NotPossibleError without a second factor."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    with transaction.atomic():
        _locked(user)
        if not Authenticator.objects.filter(user=user).exclude(type=Type.RECOVERY_CODES).exists():
            raise NotPossibleError("Recovery codes are for those who have a second factor. Set one up first.")
        Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
        RecoveryCodes.activate(user)
        audit.note(user.get_username(), "recovery codes made", user.get_username(), now=now)


def reset(user: User, *, by: str, now: datetime) -> bool:
    """All of a person who has lost them: the password alone opens the account again, and all sessions end.

    Whether there was one.
    """
    with transaction.atomic():
        _locked(user)
        count = Authenticator.objects.filter(user=user).exclude(type=Type.RECOVERY_CODES).count()
        if not Authenticator.objects.filter(user=user).delete()[0]:
            return False
        audit.note(by, "second factor reset", user.get_username(), f"{count} removed", now=now)
        end_sessions.every(user, by=by, now=now)
    return True


def _locked(user: User) -> None:
    """One change of one person's factors at a time."""
    list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk", flat=True))


def _with_codes(user: User, now: datetime) -> bool:
    if Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists():
        return False
    renew_codes(user, now=now)
    return True


def _remove(user: User, rows: Any, action: str, now: datetime) -> bool:
    """With the last factor the recovery codes go."""
    with transaction.atomic():
        _locked(user)
        row = rows.filter(user=user).first()
        if row is None:
            return False
        name = str(row.data.get("name", ""))
        row.delete()
        audit.note(user.get_username(), action, user.get_username(), name, now=now)
        if not Authenticator.objects.filter(user=user).exclude(type=Type.RECOVERY_CODES).exists():
            Authenticator.objects.filter(user=user).delete()
    return True
