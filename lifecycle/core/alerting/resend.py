"""When a message that did not arrive is sent again (requirements 4.4). Pure."""

from __future__ import annotations

from datetime import timedelta

from lifecycle.core.reconnection.backoff import spread

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=1)
ASKED_AT_MOST = timedelta(hours=12)


def wait_before_next(attempts: int, chance: float, asked: timedelta | None = None) -> timedelta:
    """After *attempts* failed ones: 5 s doubling to an hour, ±20 %; at least what the receiver asked for."""
    plain = spread(min(FIRST * float(2 ** min(max(attempts - 1, 0), 20)), LONGEST), chance)
    return plain if asked is None else max(plain, min(asked, ASKED_AT_MOST))
