"""When a token is renewed, and what the refusal of a renewal means. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from lifecycle.core.answers.causes import Cause

SHARE, JITTER = 0.75, 0.1
"""Of its life, after which a token is renewed; so that many services of one issuer do not come at once."""


def renew_at(now: datetime, expires_in: int | None, chance: float) -> datetime | None:
    """When to renew a token that is valid from now on; None where it says no end."""
    if expires_in is None:
        return None
    return now + timedelta(seconds=max(expires_in, 0) * (SHARE + JITTER * chance))


def refusal(error: str, *, cut: bool) -> Cause:
    """What it means that a renewal was answered so; *cut*: one before it was never heard of again.

    Only the two errors that say so end the grant: whatever else is wrong may be right again later.
    """
    if error == "invalid_grant":
        return Cause.RENEWAL_CUT if cut else Cause.CONSENT_GONE
    if error in ("invalid_client", "unauthorized_client"):
        return Cause.CLIENT_UNKNOWN
    return Cause.ISSUER_AWAY


ENDS = frozenset({Cause.CONSENT_GONE, Cause.RENEWAL_CUT, Cause.CLIENT_UNKNOWN})
"""After these the refresh token is of no more use."""
