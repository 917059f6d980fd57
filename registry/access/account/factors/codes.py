"""Codes: of an authenticator app, and those for the day on which it is lost. Each counts once.

What allauth has for it is imported when it is needed: a console without second factors loads none of it.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction

USED = "used_to"
"""In the data of an app: the half minute of the last code that was taken; no earlier one counts any more."""


def new_secret() -> str:
    """What an app is given to make codes of, in base 32."""
    from allauth.mfa.totp.internal import auth

    return auth.generate_totp_secret()


def fits(secret: str, code: str) -> int | None:
    """The half minute of which this is the code, counted from 1970; None if it is of none about now."""
    from allauth.core.internal.cryptokit import compare_user_code
    from allauth.mfa.totp.internal import auth

    for counter in auth.yield_hotp_counters_from_time():
        right = auth.format_hotp_value(auth.hotp_value(secret, counter))
        if compare_user_code(actual=code, expected=right):
            return counter
    return None


def take(user: User, code: str) -> Authenticator | None:
    """What this code is of, which is used up with it; None where it is wrong or was used before."""
    with transaction.atomic():
        kinds = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
        found = Authenticator.objects.select_for_update().filter(user=user, type__in=kinds)
        rows: list[Authenticator] = list(found.order_by("-type"))
        for row in rows:
            right = _of_app(row, code) if row.type == Authenticator.Type.TOTP else _of_list(row, code)
            if right:
                return row
    return None


def _of_app(row: Authenticator, code: str) -> bool:
    from allauth.mfa.utils import decrypt

    counter = fits(decrypt(row.data["secret"]), code)
    if counter is None or counter <= int(row.data.get(USED, -1)):
        return False
    row.data[USED] = counter
    row.save(update_fields=["data"])
    return True


def _of_list(row: Authenticator, code: str) -> bool:
    return bool(_wrapped(row).validate_code(code))


def _wrapped(row: Authenticator) -> Any:
    return row.wrap()  # type: ignore[no-untyped-call]


def left(user: User) -> list[str]:
    """The recovery codes that were not used yet, in two groups each."""
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    codes: list[str] = _wrapped(row).get_unused_codes() if row else []
    return [f"{code[:5]} {code[5:]}" for code in codes]
