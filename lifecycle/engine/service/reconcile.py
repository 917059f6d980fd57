"""What a service needs to become what it should be, found by looking at both and not at what was said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.machine.states import CONNECTING, SERVING, State
from lifecycle.core.reconnection import restarts
from lifecycle.engine.worker.desired_state import Wanted
from registry.models import Desired

AT_REST = (moves.GAVE_UP, restarts.NOT_RESTARTED)


class Step(Enum):
    STOP = "stop it"
    REST = "it is stopped, as it should be"
    START = "start it"
    RESTART = "stop it, then start it with the new configuration"
    RETRY = "try the new configuration at once"
    NOTE = "the next start takes the new configuration"


@dataclass(frozen=True)
class Need:
    step: Step
    reason: str = ""


def need(snap: Snapshot, wanted: Wanted, *, gone: bool, applied: int, start_reason: str) -> Need | None:
    """The next step towards what is wanted; *applied* is the revision of the configuration it runs with."""
    if gone or wanted.desired == Desired.STOPPED:
        return _to_stop(snap.state, "removed" if gone else "stopped in the configuration")
    outdated = 0 < applied < wanted.revision
    if snap.state is State.DISCONNECTED:
        resting = snap.disconnect_reason in AT_REST and not outdated
        return None if resting else Need(Step.START, start_reason or "to be running")
    return _to_apply(snap.state) if outdated else None


def _to_stop(state: State, reason: str) -> Need | None:
    if state is State.DISCONNECTING:
        return None
    return Need(Step.REST) if state is State.DISCONNECTED else Need(Step.STOP, reason)


def _to_apply(state: State) -> Need:
    """A serving service is stopped and started; a failing one tries the new configuration at once."""
    if state in SERVING:
        return Need(Step.RESTART, moves.RECONFIGURED)
    return Need(Step.RETRY, moves.RECONFIGURED) if state in CONNECTING else Need(Step.NOTE)
