"""A state set by hand (requirements 2.8): only along the table, and the truth corrects it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lifecycle.core.machine import moves
from lifecycle.core.machine.snapshot import Snapshot, Step, enter
from lifecycle.core.machine.states import TRANSITIONS, Event, State
from lifecycle.core.policy.policy import Policy
from lifecycle.core.reconnection import backoff


class NotPossibleByHandError(Exception):
    """The table has no such move; the text says which there are."""

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after
        ways = ", ".join(possible(before))
        super().__init__(f"no move leads from {before.value} to {after.value}; possible: {ways}")


def possible(state: State) -> list[State]:
    """Where a person can move a service from *state*, in the order of the states."""
    reached = set(TRANSITIONS[state].values())
    return [target for target in State if target in reached]


def event_to(before: State, after: State) -> Event:
    """The first event of the table that leads there."""
    for event, target in TRANSITIONS[before].items():
        if target is after:
            return event
    raise NotPossibleByHandError(before, after)


def move(snap: Snapshot, after: State, policy: Policy, now: datetime, chance: float, reason: str) -> Step:
    """One step to *after*; NotPossibleByHandError where none leads there."""
    event = event_to(snap.state, after)
    if event is Event.START:
        return moves.start(snap, now, reason)
    if event is Event.STOP:
        return moves.stop(snap, now, reason)
    fields: dict[str, Any] = {}
    match after:
        case State.HEALTHY | State.WARNING:
            fields = {"fault": None, "consecutive_failures": 0}
        case State.RECONNECTING:
            fields = {**moves.FORGIVEN, "next_retry_at": now, "disconnect_reason": ""}
            fields["not_serving_since"] = snap.not_serving_since or now
        case State.UNREACHABLE:
            fields = {"long_cycles": 0, "next_retry_at": now + backoff.long(0, policy, chance)}
        case State.DISCONNECTED:
            fields = {"disconnect_reason": reason, "not_serving_since": None, "fault": None}
    return enter(snap, event, now, reason, asked=True, **fields)
