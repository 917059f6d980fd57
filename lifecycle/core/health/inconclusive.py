"""Inconclusive checks: whether a failure tells of the service or of ourselves (requirements 2.3). Pure.

A fault of our own proves nothing: it changes no state and no counter. It excuses only what it can explain: a
second by which our database was late is no reason for a minute of silence, and being busy is none if others,
asked later, were answered meanwhile. What the server itself said, and the end of a process, count whatever
else happened. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from lifecycle.core.answers.proof import Proof
from lifecycle.core.health.verdict import Fault, Kind, Level, Probe, verdict
from lifecycle.core.policy.policy import Policy

PAUSE = 3.0
CLOCK_JUMP = 5.0
DATABASE_LATE = 1.0
LATE_SHARE = 1 / 3
EVIDENCE_WITHIN = 10.0
OVERTAKEN = 3
EXCUSED_IN_A_ROW = 5


class Ours(StrEnum):
    """Which fault of our own it was."""

    SUSPENDED = "suspended"
    CLOCK = "clock"
    NETWORK = "network"
    DATABASE = "database"
    SATURATED = "saturated"
    FILES = "files"
    """No file is left for another connection: that is known, and feigns nothing."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was seen of ourselves while one check, or one attempt to connect, was under way.

    `late` is by how much the event loop ran behind in all, `paused` the longest time in which it did not run,
    `clock_moved` how far the wall clock and the steady one drifted apart, `database_late` how long our own
    database kept a job waiting, `offline` that our own network is gone. `overtaken` is how many others that
    were asked later were answered by now, `excused` how many failures in a row before this one were put down
    to us.
    """

    lasted: float = 0.0
    late: float = 0.0
    paused: float = 0.0
    clock_moved: float = 0.0
    database_late: float = 0.0
    offline: bool = False
    overtaken: int = 0
    excused: int = 0


TIMED = frozenset({Kind.TIMEOUT, Kind.FUNCTION})
CUT = TIMED | {Kind.CLOSED}
ON_THE_WAY = CUT | {Kind.REFUSED, Kind.DNS, Kind.TLS}
AT_FAULT: Mapping[Ours, frozenset[Kind]] = {
    Ours.SUSPENDED: CUT,
    Ours.CLOCK: CUT | {Kind.TLS},
    Ours.NETWORK: ON_THE_WAY,
    Ours.DATABASE: TIMED,
    Ours.SATURATED: TIMED,
}
"""Which kinds of failure each fault of ours can feign."""
LATE = frozenset({Ours.DATABASE, Ours.SATURATED})
"""Those that make every answer late, and not this one alone."""


def why(probe: Probe, policy: Policy, seen: Measured) -> Ours | None:
    """The fault of ours that this result may come from; None where it tells of the service."""
    if verdict(probe, policy) in (Level.HEALTHY, Level.UNKNOWN):
        return None
    if probe.fault is None:
        return _why_slow(probe, policy, seen)
    return why_failed(probe.fault, seen)


def why_failed(fault: Fault, seen: Measured) -> Ours | None:
    """The fault of ours that may have feigned *fault*; none can feign what a server said."""
    if fault.no_files:
        return Ours.FILES
    if fault.proof is not Proof.NOTHING:
        return None
    happened = {
        Ours.SUSPENDED: seen.paused >= PAUSE,
        Ours.CLOCK: abs(seen.clock_moved) >= CLOCK_JUMP,
        Ours.NETWORK: seen.offline,
        Ours.DATABASE: seen.database_late >= DATABASE_LATE,
        Ours.SATURATED: seen.late > 0,
    }
    return next(
        (
            ours
            for ours, kinds in AT_FAULT.items()
            if happened[ours] and fault.kind in kinds and (fault.kind not in TIMED or _explains(ours, seen))
        ),
        None,
    )


def _explains(ours: Ours, seen: Measured) -> bool:
    """Whether it took enough of the time that the server was given, so that this may be why none was left."""
    lost = {
        Ours.SUSPENDED: seen.paused,
        Ours.CLOCK: abs(seen.clock_moved),
        Ours.DATABASE: seen.database_late,
        Ours.SATURATED: seen.late,
    }
    if ours in LATE and (seen.overtaken >= OVERTAKEN or seen.excused >= EXCUSED_IN_A_ROW):
        return False
    return ours is Ours.NETWORK or lost[ours] > seen.lasted * LATE_SHARE


def _why_slow(probe: Probe, policy: Policy, seen: Measured) -> Ours | None:
    """An answer that would have been in time, had we not been late ourselves, is not slow."""
    lost = {
        Ours.SUSPENDED if seen.paused >= PAUSE else Ours.SATURATED: seen.late,
        Ours.DATABASE: seen.database_late if seen.database_late >= DATABASE_LATE else 0.0,
    }
    return next((ours for ours, seconds in lost.items() if _was_in_time(probe, policy, seconds)), None)


def _was_in_time(probe: Probe, policy: Policy, without: float) -> bool:
    took = max((probe.took or timedelta(0)) - timedelta(seconds=without), timedelta(0))
    return verdict(replace(probe, took=took), policy) is not verdict(probe, policy)


@dataclass(frozen=True, kw_only=True)
class Paths:
    """What our machine has to reach others by, loopback left out."""

    address: bool
    default_route: bool


def offline(
    host: str,
    failing: Mapping[str, float],
    last_answer: float,
    now: float,
    *,
    had: Paths | None,
    has: Paths,
) -> bool:
    """Whether our own network is gone, so that nothing can be said of *host*.

    *failing* says of each host since when our own side had no way to it (no route, address or name server),
    *last_answer* when any host but our own answered last, *had* what we had then. It is gone if an address or
    the default route that was there is not there any more, or if several hosts are out of reach and none
    answered since. A first one is given ten seconds, until others can tell.
    """
    if had is not None and (
        (had.address and not has.address) or (had.default_route and not has.default_route)
    ):
        return True
    if host not in failing:
        return False
    together = sum(since > last_answer for since in failing.values())
    return together > 1 or now - failing[host] < EVIDENCE_WITHIN
