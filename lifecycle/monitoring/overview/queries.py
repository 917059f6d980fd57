"""What the overview reads: few queries, whatever the number of services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.core.machine.states import State
from lifecycle.models import ServiceState, WorkerSeen
from lifecycle.monitoring.overview import problems
from lifecycle.services import counts as service_counts
from lifecycle.services.counts import NEEDS_SIGN_IN
from lifecycle.workers.queue import queries as queue_queries

GONE_SHOWN = timedelta(days=1)
WORKERS = 8


@dataclass(frozen=True, kw_only=True)
class Now:
    """How it stands at this moment.

    `places` are the numbers of services that wait in the queue to connect; `wanted` should run.
    """

    counts: Mapping[str, int]
    wanted: int
    troubled: Sequence[ServiceState]
    workers: Sequence[WorkerSeen]
    places: Mapping[int, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def down(self) -> int:
        """Those that should run and do not serve; not those that only lack a sign-in."""
        gave_up = sum(row.state == State.DISCONNECTED for row in self.troubled)
        return self.counts[State.RECONNECTING] + self.counts[State.UNREACHABLE] + gave_up

    @property
    def attention(self) -> int:
        """Those at which a person should look."""
        return self.down + self.counts[NEEDS_SIGN_IN] + self.counts[State.WARNING] + self.marked

    @property
    def marked(self) -> int:
        """Those that are healthy, but have many errors or are slower than usual."""
        return sum(row.state == State.HEALTHY for row in self.troubled)

    @property
    def serving(self) -> int:
        return self.counts[State.HEALTHY] + self.counts[State.WARNING]

    @property
    def health_rate(self) -> float | None:
        """HEALTHY among those that should run, from 0 to 1; None where none should."""
        return self.counts[State.HEALTHY] / self.wanted if self.wanted else None


def now_of(now: datetime) -> Now:
    """Three queries."""
    counts, wanted = service_counts.with_wanted()
    seen = workers(now)
    return Now(
        counts=counts,
        wanted=wanted,
        troubled=problems.rows(),
        workers=seen,
        places=queue_queries.numbers([one for one in seen if one.stopped_at is None]),
    )


def workers(now: datetime) -> list[WorkerSeen]:
    """Those at work first, then those that went within the last day."""
    rows = WorkerSeen.objects.filter(seen_at__gt=now - GONE_SHOWN).order_by("-seen_at")[:WORKERS]
    return sorted(rows, key=lambda row: row.stopped_at is not None)
