"""Snapshot + event -> Snapshot + Change. Pure: the clock comes in as *now*, chance as a number in [0, 1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.health.verdict import Fault, Kind, Level, Probe, verdict
from lifecycle.core.machine.snapshot import Change as Change
from lifecycle.core.machine.snapshot import Snapshot as Snapshot
from lifecycle.core.machine.snapshot import Step as Step
from lifecycle.core.machine.snapshot import enter
from lifecycle.core.machine.states import CONNECTING, SERVING, Event, IllegalMoveError, State
from lifecycle.core.policy.policy import Policy
from lifecycle.core.reconnection import backoff, dependency_wait
from lifecycle.core.timing.durations import span

GAVE_UP = "gave up"
LONGEST_PAUSE = timedelta(minutes=5)
RECONFIGURED = "configuration changed"
FORGIVEN: dict[str, Any] = {
    "reconnect_attempts": 0,
    "long_cycles": 0,
    "restarts": 0,
    "restarts_since": None,
}


def register(running: bool, now: datetime) -> tuple[Snapshot, Change]:
    """A new service's first snapshot: about to connect, or at rest."""
    state = State.INITIALIZING if running else State.DISCONNECTED
    snap = Snapshot(
        state=state,
        state_entered_at=now,
        not_serving_since=now if running else None,
        next_retry_at=now if running else None,
        disconnect_reason="" if running else "never started",
    )
    return snap, Change(before=None, after=state, event="registered", reason="registered")


def on_connected(snap: Snapshot, now: datetime, *, took: timedelta | None = None) -> Step:
    """Connected and tools listed. A service that the last worker left serving simply goes on.

    A successful retry counts as an attempt too: else a service that dies at once would never wait longer.
    """
    fresh: dict[str, Any] = {
        "consecutive_failures": 0,
        "consecutive_successes": snap.consecutive_successes + 1,
        "last_success_at": now,
        "last_ping_at": now,
        "last_level": Level.HEALTHY,
        "unsure": "",
        "response_time": took or snap.response_time,
        "fault": None,
        "long_cycles": 0,
    }
    if snap.state in SERVING:
        return replace(snap, **fresh), None
    if snap.state is State.INITIALIZING:
        return enter(snap, Event.CONNECTED, now, "connected", **fresh)
    fresh["reconnect_attempts"] = snap.reconnect_attempts + 1
    return enter(snap, Event.CONNECTED, now, "connected again", **fresh)


def on_connect_failed(snap: Snapshot, fault: Fault, policy: Policy, now: datetime, chance: float) -> Step:
    """A connection attempt failed: count it, and either wait for the next or fall to the slower cycle."""
    failed = replace(
        snap,
        consecutive_failures=snap.consecutive_failures + 1,
        consecutive_successes=0,
        last_failure_at=now,
        last_ping_at=now,
        last_level=Level.UNHEALTHY,
        unsure="",
        fault=fault,
    )
    match snap.state:
        case State.HEALTHY | State.WARNING:
            return _lose(failed, fault, policy, now, chance)
        case State.INITIALIZING:
            if fault.incurable:
                return _give_rest(failed, Event.INCURABLE, fault, policy, now, chance)
            return enter(
                failed,
                Event.CONNECT_FAILED,
                now,
                fault.message,
                fault=fault,
                next_retry_at=now + backoff.honour(timedelta(0), fault.retry_after),
            )
        case State.RECONNECTING:
            return _reconnect_failed(failed, fault, policy, now, chance)
        case State.UNREACHABLE:
            return _long_cycle_failed(failed, fault, policy, now, chance)
        case _:
            raise IllegalMoveError(snap.state, Event.CONNECT_FAILED)


def _reconnect_failed(snap: Snapshot, fault: Fault, policy: Policy, now: datetime, chance: float) -> Step:
    snap = replace(snap, reconnect_attempts=snap.reconnect_attempts + 1)
    if fault.incurable:
        return _give_rest(snap, Event.INCURABLE, fault, policy, now, chance)
    if snap.reconnect_attempts >= policy.max_reconnect_attempts:
        return _give_rest(snap, Event.EXHAUSTED, fault, policy, now, chance)
    wait = backoff.honour(backoff.quick(snap.reconnect_attempts, policy, chance), fault.retry_after)
    return replace(snap, next_retry_at=now + wait), None


def _give_rest(
    snap: Snapshot, event: Event, fault: Fault, policy: Policy, now: datetime, chance: float
) -> tuple[Snapshot, Change]:
    wait = backoff.honour(backoff.long(0, policy, chance), fault.retry_after)
    return enter(snap, event, now, fault.message, fault=fault, long_cycles=0, next_retry_at=now + wait)


def _long_cycle_failed(snap: Snapshot, fault: Fault, policy: Policy, now: datetime, chance: float) -> Step:
    snap = replace(snap, reconnect_attempts=snap.reconnect_attempts + 1, long_cycles=snap.long_cycles + 1)
    down_since = snap.not_serving_since or snap.state_entered_at
    if policy.give_up_after is not None and now - down_since >= policy.give_up_after:
        return enter(snap, Event.GIVE_UP, now, GAVE_UP, fault=fault, disconnect_reason=GAVE_UP)
    wait = backoff.honour(backoff.long(snap.long_cycles, policy, chance), fault.retry_after)
    return replace(snap, next_retry_at=now + wait), None


def _lose(
    snap: Snapshot, fault: Fault, policy: Policy, now: datetime, chance: float
) -> tuple[Snapshot, Change]:
    wait = backoff.honour(backoff.quick(snap.reconnect_attempts, policy, chance), fault.retry_after)
    return enter(snap, Event.LOST, now, fault.message, fault=fault, next_retry_at=now + wait)


def on_probe(snap: Snapshot, probe: Probe, policy: Policy, now: datetime, chance: float) -> Step:
    """Fold one check into the snapshot; only a serving service is checked."""
    if snap.state not in SERVING:
        raise IllegalMoveError(snap.state, Event.SLOW)
    if probe.inconclusive:
        return replace(snap, last_level=Level.UNKNOWN, unsure=probe.ours), None
    snap = replace(snap, unsure="") if snap.unsure else snap
    level = verdict(probe, policy)
    if probe.fault is not None and probe.fault.throttled:
        return _probe_throttled(snap, probe.fault, policy, now, chance)
    if level is Level.UNHEALTHY:
        return _probe_failed(snap, probe, policy, now, chance)
    return _probe_answered(snap, probe, level, policy, now)


def _probe_failed(snap: Snapshot, probe: Probe, policy: Policy, now: datetime, chance: float) -> Step:
    fault = probe.fault or _too_late(probe, policy)
    snap = replace(
        snap,
        consecutive_failures=snap.consecutive_failures + 1,
        consecutive_successes=0,
        last_ping_at=now,
        last_failure_at=now,
        last_level=Level.UNHEALTHY,
        response_time=probe.took or snap.response_time,
        fault=fault,
    )
    if fault.lost or snap.consecutive_failures >= policy.reconnecting_failure_threshold:
        return _lose(snap, fault, policy, now, chance)
    if snap.state is State.HEALTHY and snap.consecutive_failures >= policy.warning_failure_threshold:
        return enter(snap, Event.FLAKY, now, fault.message)
    return snap, None


def _probe_throttled(snap: Snapshot, fault: Fault, policy: Policy, now: datetime, chance: float) -> Step:
    """It answered, so it lives; when it is asked again is its own wish. 503 says so only for a while."""
    snap = replace(
        snap,
        consecutive_failures=snap.consecutive_failures + 1 if fault.unavailable else 0,
        last_ping_at=now,
        last_level=Level.WARNING,
    )
    if fault.unavailable and _for_too_long(snap, policy, now):
        snap = replace(snap, consecutive_successes=0, last_failure_at=now, last_level=Level.UNHEALTHY)
        return _lose(snap, fault, policy, now, chance)
    until = now + backoff.throttled(policy, fault.retry_after)
    fault = replace(fault, message=f"throttled until {until:%H:%M:%S} UTC ({fault.message})")
    snap = replace(snap, fault=fault)
    if snap.state is State.HEALTHY:
        return enter(snap, Event.THROTTLED, now, fault.message)
    return snap, None


def _for_too_long(snap: Snapshot, policy: Policy, now: datetime) -> bool:
    """Whether 503 is no short pause any more: as often as any failure may come, or twice in five minutes."""
    failures, well = snap.consecutive_failures, snap.last_success_at
    silent = well is not None and now - well >= LONGEST_PAUSE
    return failures >= policy.reconnecting_failure_threshold or (failures > 1 and silent)


def _too_late(probe: Probe, policy: Policy) -> Fault:
    took = probe.took.total_seconds() if probe.took else 0.0
    return Fault(
        kind=Kind.TIMEOUT,
        message=f"answered after {span(took)}, allowed are {span(policy.slow_threshold)}",
    )


def _probe_answered(snap: Snapshot, probe: Probe, level: Level, policy: Policy, now: datetime) -> Step:
    snap = replace(
        snap,
        consecutive_failures=0,
        consecutive_successes=snap.consecutive_successes + 1,
        last_ping_at=now,
        last_success_at=now,
        last_level=level,
        response_time=probe.took,
        fault=probe.doubt,
    )
    if level is Level.HEALTHY:
        if snap.state is State.WARNING:
            return enter(snap, Event.RECOVERED, now, "response time is normal again")
        return _forgive(snap, policy, now), None
    if snap.state is State.HEALTHY:
        if probe.doubt is not None:
            return enter(snap, Event.DOUBTED, now, probe.doubt.message)
        took = probe.took.total_seconds() if probe.took else 0.0
        return enter(snap, Event.SLOW, now, f"answered after {span(took)}")
    return snap, None


def _forgive(snap: Snapshot, policy: Policy, now: datetime) -> Snapshot:
    """Clear the attempt counter only after a long healthy time, so that flapping keeps its long delays."""
    steady = snap.healthy_since is not None and now - snap.healthy_since >= policy.attempts_cleared_after
    return replace(snap, **FORGIVEN) if steady and snap.reconnect_attempts else snap


def stop(snap: Snapshot, now: datetime, reason: str) -> Step:
    """A person's stop (or a restart's first half); nothing to do where it is already stopping or stopped."""
    if snap.state in (State.DISCONNECTING, State.DISCONNECTED):
        return replace(snap, disconnect_reason=reason, not_serving_since=None), None
    return enter(
        snap,
        Event.STOP,
        now,
        reason,
        asked=True,
        fault=None,
        disconnect_reason=reason,
        consecutive_failures=0,
    )


def closed(snap: Snapshot, now: datetime) -> Step:
    """The connection, and the process behind it, are gone."""
    return enter(snap, Event.CLOSED, now, snap.disconnect_reason or "closed")


def start(snap: Snapshot, now: datetime, reason: str) -> Step:
    """Begin anew from DISCONNECTED; a service that is already on its way is left alone."""
    if snap.state is not State.DISCONNECTED:
        if snap.state is State.DISCONNECTING:
            raise IllegalMoveError(snap.state, Event.START)
        return snap, None
    return enter(
        snap,
        Event.START,
        now,
        reason,
        asked=True,
        fault=None,
        next_retry_at=now,
        consecutive_failures=0,
        consecutive_successes=0,
        disconnect_reason="",
        not_serving_since=now,
        **FORGIVEN,
    )


def reconnect(snap: Snapshot, now: datetime, reason: str) -> Step:
    """Try again now, with a fresh count, from any state but DISCONNECTING."""
    fresh: dict[str, Any] = {**FORGIVEN, "next_retry_at": now, "asked": True}
    match snap.state:
        case State.DISCONNECTED:
            return enter(
                snap, Event.RECONNECT, now, reason, disconnect_reason="", not_serving_since=now, **fresh
            )
        case State.UNREACHABLE:
            return enter(snap, Event.RETRY, now, reason, **fresh)
        case State.HEALTHY | State.WARNING:
            return enter(snap, Event.LOST, now, reason, **fresh)
        case State.INITIALIZING | State.RECONNECTING:
            return replace(snap, **FORGIVEN, next_retry_at=now), None
        case _:
            raise IllegalMoveError(snap.state, Event.RECONNECT)


def due(snap: Snapshot) -> datetime | None:
    """When the next connection attempt is due; None where none is, or where a dependency must serve first."""
    if snap.state not in CONNECTING:
        return None
    if snap.held_by:
        return dependency_wait.first_wait_ends(snap) if snap.state is State.INITIALIZING else None
    return snap.next_retry_at or snap.state_entered_at
