"""What strangers are told of a service's state: seven plain words and no reason. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from lifecycle.core.machine.moves import GAVE_UP
from lifecycle.core.machine.states import State
from lifecycle.core.reconnection.restarts import NOT_RESTARTED


class Standing(StrEnum):
    UP = "operational"
    DEGRADED = "degraded"
    DOWN = "outage"
    MAINTENANCE = "maintenance"
    STARTING = "starting"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


WORST_FIRST = (S := Standing).DOWN, S.DEGRADED, S.UNKNOWN, S.MAINTENANCE, S.STARTING, S.STOPPED, S.UP
OF_STATE = {
    State.HEALTHY: S.UP,
    State.WARNING: S.DEGRADED,
    State.RECONNECTING: S.DOWN,
    State.UNREACHABLE: S.DOWN,
    State.INITIALIZING: S.STARTING,
    State.DISCONNECTING: S.STOPPED,
    State.DISCONNECTED: S.STOPPED,
}


def of(state: str, stopped_for: str, *, maintained: bool, watched: bool) -> Standing:
    """*watched*: a worker looks. *stopped_for*: why it is disconnected; that we gave up is an outage."""
    if maintained:
        return Standing.MAINTENANCE
    if not watched or not state:
        return Standing.UNKNOWN
    if state == State.DISCONNECTED and stopped_for in (GAVE_UP, NOT_RESTARTED):
        return Standing.DOWN
    return OF_STATE[State(state)]


def together(found: Collection[Standing]) -> Standing:
    """The worst of them; unknown where there is none."""
    return next((one for one in WORST_FIRST if one in found), Standing.UNKNOWN)
