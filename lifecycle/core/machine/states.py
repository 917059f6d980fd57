"""The seven states and the one table of legal moves (requirements 2.1). Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    INITIALIZING = "INITIALIZING"
    HEALTHY = "HEALTHY"
    WARNING = "WARNING"
    RECONNECTING = "RECONNECTING"
    UNREACHABLE = "UNREACHABLE"
    DISCONNECTING = "DISCONNECTING"
    DISCONNECTED = "DISCONNECTED"


class Event(StrEnum):
    CONNECTED = "connected"
    CONNECT_FAILED = "connect-failed"
    INCURABLE = "incurable"
    SLOW = "slow"
    FLAKY = "flaky"
    THROTTLED = "throttled"
    DOUBTED = "doubted"
    LOST = "lost"
    RECOVERED = "recovered"
    EXHAUSTED = "exhausted"
    RETRY = "retry"
    GIVE_UP = "give-up"
    STOP = "stop"
    CLOSED = "closed"
    START = "start"
    RECONNECT = "reconnect"


S, E = State, Event

TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    S.INITIALIZING: {
        E.CONNECTED: S.HEALTHY,
        E.CONNECT_FAILED: S.RECONNECTING,
        E.INCURABLE: S.UNREACHABLE,
        E.STOP: S.DISCONNECTING,
    },
    S.HEALTHY: {
        E.SLOW: S.WARNING,
        E.FLAKY: S.WARNING,
        E.THROTTLED: S.WARNING,
        E.DOUBTED: S.WARNING,
        E.LOST: S.RECONNECTING,
        E.STOP: S.DISCONNECTING,
    },
    S.WARNING: {
        E.RECOVERED: S.HEALTHY,
        E.LOST: S.RECONNECTING,
        E.STOP: S.DISCONNECTING,
    },
    S.RECONNECTING: {
        E.CONNECTED: S.HEALTHY,
        E.EXHAUSTED: S.UNREACHABLE,
        E.INCURABLE: S.UNREACHABLE,
        E.STOP: S.DISCONNECTING,
    },
    S.UNREACHABLE: {
        E.CONNECTED: S.HEALTHY,
        E.RETRY: S.RECONNECTING,
        E.GIVE_UP: S.DISCONNECTED,
        E.STOP: S.DISCONNECTING,
    },
    S.DISCONNECTING: {E.CLOSED: S.DISCONNECTED},
    S.DISCONNECTED: {E.START: S.INITIALIZING, E.RECONNECT: S.RECONNECTING},
}

SERVING = frozenset({S.HEALTHY, S.WARNING})
CONNECTING = frozenset({S.INITIALIZING, S.RECONNECTING, S.UNREACHABLE})
TIMED = SERVING | CONNECTING


class IllegalMoveError(Exception):
    """The table has no such move; nothing was changed."""

    def __init__(self, state: State, event: Event) -> None:
        self.state, self.event = state, event
        super().__init__(f"{event.value!r} is not possible in {state.value}")


def target(state: State, event: Event) -> State:
    """Where *event* leads from *state*; IllegalMoveError if the table has no such move."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalMoveError(state, event) from None
