"""Whether to believe that all tools of a service are gone at once. Pure.

A gateway whose backend is down lists nothing and is well in every other way. Taken at its word it would lose
its whole contract, and get it back as new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind

REASON = (
    "its list of tools is empty at once (known before: {known}): it may be a gateway whose backend is down; "
    "the tools known before are kept until another reading says the same"
)
UNREAD = (
    "its tools can no longer be listed: {why}; it may be a gateway whose backend is down; "
    "the tools known before are kept"
)
LOOK_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Since when an empty list is doubted, and why in words; *unread*: an error came in place of the list."""

    since: datetime
    reason: str
    unread: bool = False


def fault(doubt: Doubt) -> Fault:
    """It as a fault beside an answer that is well."""
    return Fault(kind=Kind.FUNCTION, cause=Cause.TOOLS_GONE, message=doubt.reason)


def of(
    *,
    known: int,
    found: int,
    promised: bool,
    before: Doubt | None,
    asked: bool,
    interval: timedelta,
    now: datetime,
) -> Doubt | None:
    """The doubt about a reading that *found* so many tools where so many were *known*; None: it is believed.

    It is believed the second time if a person *asked* for it, and else when it has lasted for an *interval*
    between two readings. A server that does not promise tools may well have none.
    """
    if found or not known or not promised:
        return None
    if before is None or before.unread:
        return Doubt(since=now, reason=REASON.format(known=known))
    return None if asked or now - before.since >= interval else before


def of_error(why: str, *, known: int, before: Doubt | None, now: datetime) -> Doubt | None:
    """The doubt about a server that lives, and answers with the error *why* where it listed *known* tools."""
    if not known:
        return before
    return Doubt(since=before.since if before else now, reason=UNREAD.format(why=why), unread=True)
