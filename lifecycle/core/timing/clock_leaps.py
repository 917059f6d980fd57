"""Whether the clock may be believed before something is deleted because of its age. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LEAP = timedelta(hours=1)
"""By so much the clock may be set forward while we look on."""
SHORT_REST = timedelta(days=1)
"""So long the console may have stood still; what lies further ahead may be a wrong clock."""
BELIEVED_AFTER = 24 * 3600.0
"""Seconds that really pass until a clock that jumped is believed."""
ANEW = 3600.0
"""Seconds of them that pass after every long rest, however long was waited before it."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A clock that jumped: what it said last, and the seconds that it has gone evenly since."""

    now: datetime
    at: float
    waited: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The time that was believed last, and what a clock that cannot be set said then."""

    seen: datetime
    at: float
    doubt: Doubt | None = None

    @property
    def believed(self) -> bool:
        return self.doubt is None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What one process leaves to the next: the time believed last, and how far its doubt had come."""

    seen: datetime | None
    doubted: datetime | None = None
    waited: float = 0.0


def begin(kept: Kept, now: datetime, elapsed: float) -> Watch:
    """At a start: a doubt goes on where the process before this one left it."""
    if kept.seen is None or now - kept.seen <= SHORT_REST:
        return Watch(seen=now, at=elapsed)
    doubt = Doubt(now=now, at=elapsed, waited=_waited_before(kept, now))
    return Watch(seen=kept.seen, at=elapsed, doubt=doubt)


def _waited_before(kept: Kept, now: datetime) -> float:
    """Nothing where the clock went back. A long rest may be a second jump, so it is not taken whole."""
    if kept.doubted is None or now < kept.doubted - LEAP:
        return 0.0
    if now - kept.doubted > SHORT_REST:
        return min(kept.waited, BELIEVED_AFTER - ANEW)
    return kept.waited


def step(watch: Watch, now: datetime, elapsed: float) -> Watch:
    """Look at both clocks again; while there is a doubt, *now* is not believed."""
    doubt = _doubt(watch.doubt, now, elapsed)
    if _ahead(watch, now, elapsed) <= LEAP or doubt.waited >= BELIEVED_AFTER:
        return Watch(seen=now, at=elapsed)
    return replace(watch, doubt=doubt)


def _ahead(since: Watch | Doubt, now: datetime, elapsed: float) -> timedelta:
    then = since.seen if isinstance(since, Watch) else since.now
    return now - then - timedelta(seconds=elapsed - since.at)


def _doubt(before: Doubt | None, now: datetime, elapsed: float) -> Doubt:
    """Another jump, forward or back, begins the waiting anew."""
    if before is None or abs(_ahead(before, now, elapsed)) > LEAP:
        return Doubt(now=now, at=elapsed)
    return Doubt(now=now, at=elapsed, waited=before.waited + elapsed - before.at)
