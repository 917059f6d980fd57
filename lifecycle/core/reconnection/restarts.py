"""Restarts (2.9): of a program a few, a little apart, then the long cycle; and those switched off.

And sessions that end while their server lives: a new one is made without a word, as long as they last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.snapshot import Change, Snapshot, Step, enter
from lifecycle.core.machine.states import Event, State
from lifecycle.core.policy.policy import Policy
from lifecycle.core.reconnection import backoff

NOT_RESTARTED = "it failed, and automatic restarts are off"
RENEWALS = 3
RENEWED_WITHIN = timedelta(seconds=20)
OFTEN, COUNTED_WITHIN = 24, timedelta(minutes=10)
ENDS_SOON = f"its sessions end soon: more than {OFTEN} new ones were made within 10 minutes"


def renewed(before: Sequence[datetime], now: datetime) -> tuple[datetime, ...] | None:
    """When sessions were renewed lately, with this one; None where they end too fast to be of use."""
    counted = [at for at in before if now - COUNTED_WITHIN < at <= now]
    lately = [at for at in counted if now - RENEWED_WITHIN < at]
    return None if len(lately) >= RENEWALS else (*counted, now)


def note(renewals: Sequence[datetime], now: datetime) -> str:
    """What is said of sessions that last, but not for long; empty where they only end by idling."""
    return ENDS_SOON if sum(now - COUNTED_WITHIN < at <= now for at in renewals) > OFTEN else ""


def follow(step: Step, policy: Policy, now: datetime, chance: float, *, program: bool) -> list[Step]:
    """What a step that failed comes to: itself, a later retry, or further moves where no restart is left.

    *program* says that the service is a child of ours: each of its quick attempts is a restart.
    """
    snap, change = step
    if snap.state is not State.RECONNECTING or snap.fault is None:
        return [step]
    if change is not None and not _wanted(snap, change, policy):
        return [step, *_to_rest(snap, now)]
    if not program:
        return [step]
    snap = _counted(snap, policy, now)
    if snap.restarts > policy.max_restarts:
        first = [(snap, change)] if change is not None else []
        return [*first, _used_up(snap, policy, now, chance)]
    return [(_delayed(snap, policy, now), change)]


def _wanted(snap: Snapshot, change: Change, policy: Policy) -> bool:
    """Whether this service is to be restarted after what happened: its program's end, or failed checks."""
    if snap.fault is not None and snap.fault.kind is Kind.EXITED:
        return policy.restart_on_exit
    failed_checks = change.event == Event.LOST and snap.fault is not None and not snap.fault.lost
    return policy.restart_on_error or not failed_checks


def _to_rest(snap: Snapshot, now: datetime) -> list[Step]:
    """Down to DISCONNECTED along the table; *not serving since* goes on, for nobody asked for this."""
    fault = snap.fault
    down, fallen = enter(snap, Event.EXHAUSTED, now, NOT_RESTARTED, fault=fault)
    rest, given_up = enter(
        down, Event.GIVE_UP, now, NOT_RESTARTED, fault=fault, disconnect_reason=NOT_RESTARTED
    )
    return [(down, fallen), (rest, given_up)]


def _counted(snap: Snapshot, policy: Policy, now: datetime) -> Snapshot:
    """One restart more. Once they are used up only a long healthy time, or a person, begins a new count."""
    since = snap.restarts_since
    over = since is None or now - since >= policy.restart_window
    if over and snap.restarts <= policy.max_restarts:
        return replace(snap, restarts=1, restarts_since=now)
    return replace(snap, restarts=snap.restarts + 1)


def _used_up(snap: Snapshot, policy: Policy, now: datetime, chance: float) -> tuple[Snapshot, Change]:
    cycles = snap.restarts - policy.max_restarts - 1
    asked = snap.fault.retry_after if snap.fault else None
    wait = backoff.honour(backoff.long(cycles, policy, chance), asked)
    reason = f"restart limit reached: {policy.max_restarts} restarts"
    return enter(
        snap, Event.EXHAUSTED, now, reason, fault=snap.fault, long_cycles=cycles, next_retry_at=now + wait
    )


def _delayed(snap: Snapshot, policy: Policy, now: datetime) -> Snapshot:
    """The first restart comes as soon as the machine says, later ones a little apart."""
    apart = policy.restart_delay if snap.restarts > 1 else timedelta(0)
    due = snap.next_retry_at or now
    return replace(snap, next_retry_at=max(due, now + apart))
