"""The second factors of a person. allauth keeps them; nothing here loads what checks them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User

ASKED_FOR = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """One passkey; `name` is what its person calls it."""

    pk: int
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What a person has set up. `codes`: how many recovery codes are left, None without any."""

    app_since: datetime | None
    app_used_at: datetime | None
    passkeys: tuple[Passkey, ...]
    codes: int | None

    def __bool__(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)


def has_any(user: User) -> bool:
    """Whether a password alone does not open this account."""
    return bool(Authenticator.objects.filter(user=user, type__in=ASKED_FOR).exists())


def anybody_has_passkeys() -> bool:
    """Whether there is anything to sign in with but passwords."""
    return bool(Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists())


def with_any() -> set[int]:
    """The keys of all people of whom more than a password is asked."""
    return set(Authenticator.objects.filter(type__in=ASKED_FOR).values_list("user_id", flat=True))


def of(user: User) -> Factors:
    """Everything of one person."""
    rows = list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))
    by_type = {row.type: row for row in rows}
    app, codes = by_type.get(Authenticator.Type.TOTP), by_type.get(Authenticator.Type.RECOVERY_CODES)
    return Factors(
        app_since=app.created_at if app else None,
        app_used_at=app.last_used_at if app else None,
        passkeys=tuple(_passkey(row) for row in rows if row.type == Authenticator.Type.WEBAUTHN),
        codes=_left(codes) if codes else None,
    )


def _passkey(row: Authenticator) -> Passkey:
    name = str(row.data.get("name", ""))
    return Passkey(pk=row.pk, name=name, added_at=row.created_at, used_at=row.last_used_at)


def _left(row: Authenticator) -> int:
    """Each used one is a bit."""
    from allauth.mfa import app_settings

    return int(app_settings.RECOVERY_CODE_COUNT) - int(row.data["used_mask"]).bit_count()
