"""Snapshots, faults and probes for the core's tests, and hypothesis' strategies for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from lifecycle.core.health.verdict import Fault, Kind, Probe
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.machine.states import State

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
MIDDLE = 0.5
"""The chance at which no spread is added."""


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def snap(state: State = State.HEALTHY, **fields: Any) -> Snapshot:
    """A service that has been in *state* for a minute."""
    return Snapshot(state=state, state_entered_at=NOW - s(60), **fields)


def answered(seconds: float) -> Probe:
    return Probe(took=s(seconds))


def failed(kind: Kind = Kind.TIMEOUT, *, lost: bool = False) -> Probe:
    return Probe(fault=Fault(kind=kind, message=f"{kind} fault", lost=lost))


QUICK = answered(0.01)
DOWN = failed()
LOST = failed(Kind.EXITED, lost=True)
OURS = Probe()
REFUSED = Fault(kind=Kind.REFUSED, message="connection refused")
UNAUTHORISED = Fault(kind=Kind.AUTH, message="not authorised")

chances = st.floats(min_value=0, max_value=1, exclude_max=True)
retry_afters = st.none() | st.timedeltas(min_value=s(-10), max_value=timedelta(days=3))
faults = st.builds(
    Fault,
    kind=st.sampled_from(Kind),
    message=st.text(max_size=20),
    lost=st.booleans(),
    retry_after=retry_afters,
)
probes = st.one_of(
    st.just(OURS),
    st.builds(Probe, fault=faults),
    st.builds(Probe, took=st.timedeltas(min_value=s(0), max_value=s(30))),
)
