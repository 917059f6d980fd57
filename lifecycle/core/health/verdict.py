"""The verdict on one check, and the bridge from it to the machine (requirements 2.2, 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Proof
from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.policy.policy import Policy


class Level(StrEnum):
    HEALTHY = "healthy"
    WARNING = "warning"
    SLOW = "slow"
    UNHEALTHY = "unhealthy"
    DISCONNECTED = "disconnected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"
    UNKNOWN = "unknown"


LEVELS = tuple(Level)


class Kind(StrEnum):
    """What kind of fault it was, for people, statistics and the choice of remedy."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    DNS = "dns"
    TLS = "tls"
    AUTH = "auth"
    HTTP = "http"
    PROTOCOL = "protocol"
    CLOSED = "closed"
    EXITED = "exited"
    SPAWN = "spawn"
    OVERSIZE = "oversize"
    POLICY = "policy"
    FUNCTION = "function"


INCURABLE = frozenset({Kind.AUTH, Kind.SPAWN, Kind.POLICY})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A failed check or connection.

    `cause` says it more exactly than `kind`, where that changes the advice; `output` is what a program
    printed last. `lost` says that the connection itself is gone, `no_way` that our own side had none to the
    server: no route, no address, no name server; `no_files` that our own process may open no more
    connections. `proof` is what the answer proves all the same,
    `turned_away` that the request was not even begun. `elsewhere` is the address to which it redirects.
    """

    kind: Kind
    message: str
    cause: Cause | None = None
    output: str = ""
    lost: bool = False
    retry_after: timedelta | None = None
    no_way: bool = False
    no_files: bool = False
    proof: Proof = Proof.NOTHING
    turned_away: bool = False
    elsewhere: str = ""

    @property
    def incurable(self) -> bool:
        return self.kind in INCURABLE

    @property
    def gone(self) -> bool:
        """The server lives and knows our session no more."""
        return self.proof is Proof.GONE

    @property
    def throttled(self) -> bool:
        """The server lives and wants to be asked later; the connection is still there."""
        return self.proof is Proof.THROTTLED and not self.lost

    @property
    def unavailable(self) -> bool:
        """It is a status of illness (503) that says when to come again: believed only for a while."""
        return self.throttled and self.cause is Cause.SERVER_ERROR


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One check: an answer with its time, a fault, or neither (`inconclusive`, by `ours`: our own fault).

    `doubt` is what is wrong with a service all the same that answers as it should.
    """

    took: timedelta | None = None
    fault: Fault | None = None
    ours: str = ""
    doubt: Fault | None = None

    @property
    def inconclusive(self) -> bool:
        return self.took is None and self.fault is None


def verdict(probe: Probe, policy: Policy) -> Level:
    """How the check went, by time; a fault or an answer past the last threshold is unhealthy."""
    if probe.fault is not None:
        return Level.WARNING if probe.fault.throttled else Level.UNHEALTHY
    if probe.took is None:
        return Level.UNKNOWN
    for limit, level in (
        (policy.healthy_threshold, Level.HEALTHY),
        (policy.warning_threshold, Level.WARNING),
        (policy.slow_threshold, Level.SLOW),
    ):
        if probe.took <= limit:
            return Level.WARNING if probe.doubt and level is Level.HEALTHY else level
    return Level.UNHEALTHY


_BY_STATE = {
    State.INITIALIZING: Level.UNKNOWN,
    State.RECONNECTING: Level.RECONNECTING,
    State.UNREACHABLE: Level.FAILED,
    State.DISCONNECTING: Level.DISCONNECTED,
    State.DISCONNECTED: Level.DISCONNECTED,
}


def health_of(state: State, last: Level | None) -> Level:
    """The health that people see: the last check's level while serving, else what the state says."""
    if state in SERVING:
        return last or Level.UNKNOWN
    return _BY_STATE[state]


class Status(StrEnum):
    NOT_STARTED = "not_started"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"
    UNKNOWN = "unknown"


_STATUS = {
    State.INITIALIZING: Status.STARTING,
    State.HEALTHY: Status.RUNNING,
    State.WARNING: Status.RUNNING,
    State.RECONNECTING: Status.ERROR,
    State.UNREACHABLE: Status.ERROR,
    State.DISCONNECTING: Status.STOPPING,
    State.DISCONNECTED: Status.STOPPED,
}


def status_of(state: State | None, ever_started: bool) -> Status:
    """The coarse word for people and alert conditions."""
    if state is None:
        return Status.UNKNOWN
    if state is State.DISCONNECTED and not ever_started:
        return Status.NOT_STARTED
    return _STATUS[state]
