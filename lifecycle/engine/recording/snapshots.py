"""The machine's snapshot as columns of a `ServiceState` row, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any, cast

from django.db.models import Field

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind, Level
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.machine.states import State
from lifecycle.models import ServiceState

_SAME = (
    "state_entered_at",
    "not_serving_since",
    "healthy_since",
    "consecutive_failures",
    "consecutive_successes",
    "last_ping_at",
    "last_success_at",
    "last_failure_at",
    "reconnect_attempts",
    "long_cycles",
    "restarts",
    "restarts_since",
    "next_retry_at",
    "disconnect_reason",
    "unsure",
)
ROUTINE = (
    "healthy_since",
    "consecutive_failures",
    "consecutive_successes",
    "last_ping_at",
    "last_success_at",
    "last_failure_at",
    "response_ms",
    "last_level",
    "unsure",
    "error_kind",
    "error_message",
    "error_cause",
    "error_output",
    "reconnect_attempts",
    "long_cycles",
    "restarts",
    "restarts_since",
)
"""The columns that a check may change without a transition."""
USUAL = ("consecutive_successes", "last_ping_at", "last_success_at", "response_ms")
"""Those of them that a check changes which found all as it was."""
_SELDOM = attrgetter(
    "healthy_since",
    "consecutive_failures",
    "last_failure_at",
    "last_level",
    "unsure",
    "fault",
    "reconnect_attempts",
    "long_cycles",
    "restarts",
    "restarts_since",
)


def fields(names: Sequence[str]) -> list[Field[Any, Any]]:
    """Columns as the model has them."""
    return [cast("Field[Any, Any]", ServiceState._meta.get_field(name)) for name in names]


def differ_as_usual(before: Snapshot, after: Snapshot) -> bool:
    """Whether of `ROUTINE` no other column than those of `USUAL` can differ."""
    return bool(_SELDOM(before) == _SELDOM(after))


def usual(snap: Snapshot) -> tuple[Any, ...]:
    """What the row stores in the columns `USUAL`."""
    return snap.consecutive_successes, snap.last_ping_at, snap.last_success_at, _response_ms(snap)


def routine(snap: Snapshot) -> tuple[Any, ...]:
    """What the row stores in the columns `ROUTINE`."""
    stored = columns(snap)
    return tuple([stored[name] for name in ROUTINE])


def _response_ms(snap: Snapshot) -> float | None:
    took = snap.response_time
    return None if took is None else round(took.total_seconds() * 1000, 3)


def columns(snap: Snapshot) -> dict[str, Any]:
    """What the row stores of *snap*."""
    stored = {name: getattr(snap, name) for name in _SAME}
    return stored | {
        "state": snap.state.value,
        "response_ms": _response_ms(snap),
        "last_level": snap.last_level.value if snap.last_level else "",
        "error_kind": snap.fault.kind.value if snap.fault else "",
        "error_message": snap.fault.message if snap.fault else "",
        "error_cause": (snap.fault.cause or "") if snap.fault else "",
        "error_output": snap.fault.output if snap.fault else "",
        "disconnect_reason": snap.disconnect_reason[:200],
        "held_by": " ".join(snap.held_by),
    }


def read(row: ServiceState) -> Snapshot:
    """The snapshot that was stored; of the fault only what people are told comes back."""
    kept = {name: getattr(row, name) for name in _SAME}
    return Snapshot(
        state=State(row.state),
        response_time=None if row.response_ms is None else timedelta(milliseconds=row.response_ms),
        last_level=Level(row.last_level) if row.last_level else None,
        fault=_fault(row),
        held_by=tuple(row.held_by.split()),
        **kept,
    )


def _fault(row: ServiceState) -> Fault | None:
    if not row.error_kind:
        return None
    cause = Cause(row.error_cause) if row.error_cause in list(Cause) else None
    return Fault(kind=Kind(row.error_kind), message=row.error_message, cause=cause, output=row.error_output)
