"""Which dependencies hold a service back, since they do not serve (requirements 1.7). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle.core.machine.snapshot import Snapshot, Step, enter
from lifecycle.core.machine.states import CONNECTING, SERVING, Event, State

FIRST_WAIT = timedelta(seconds=60)
BACK = "its dependency is back"


@dataclass(frozen=True, kw_only=True)
class Needed:
    """A dependency as it is now."""

    name: str
    state: State


def held_by(
    snap: Snapshot, needs: Iterable[Needed], now: datetime, *, asked: bool = False
) -> tuple[str, ...]:
    """The names that this service waits for, sorted; none where it may try to connect.

    Only what has no connection waits, and never where a person *asked* for an attempt. A first connection
    waits for a minute at most: how the service itself is must come out, whatever becomes of the others.
    """
    if asked or snap.state not in CONNECTING:
        return ()
    if snap.state is State.INITIALIZING and now >= first_wait_ends(snap):
        return ()
    return tuple(sorted(needed.name for needed in needs if needed.state not in SERVING))


def first_wait_ends(snap: Snapshot) -> datetime:
    """When a first connection is tried even though a dependency does not serve."""
    return snap.state_entered_at + FIRST_WAIT


def mark(snap: Snapshot, names: Sequence[str]) -> Snapshot:
    """*snap* waiting for *names*, so that no attempt is due; or for nothing."""
    if names:
        return replace(snap, held_by=tuple(names), next_retry_at=None)
    return replace(snap, held_by=()) if snap.held_by else snap


def resume(snap: Snapshot, now: datetime) -> Step:
    """Nothing holds it back any more: it tries at once, and quickly again if it had come to the long cycle.

    Restarts stay counted: a dependency that comes and goes does not restart a program without end.
    """
    reason = f"{BACK}: {', '.join(snap.held_by)}"
    free = replace(snap, held_by=(), next_retry_at=now)
    if snap.state is not State.UNREACHABLE:
        return free, None
    return enter(free, Event.RETRY, now, reason, next_retry_at=now, reconnect_attempts=0, long_cycles=0)


def unnamed(reason: str) -> str:
    """The reason of `resume` without the names of dependencies; any other as it is."""
    return BACK if reason.startswith(BACK) else reason
