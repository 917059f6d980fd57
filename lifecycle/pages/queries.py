"""Queries for the frame of every page: the place in the feed, open alerts, the worker's sign of life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Count, F, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL

from lifecycle.live.feed import feed, transactions
from lifecycle.models import Episode, MassFailure, WorkerSeen
from lifecycle.pages.reading import kept
from registry.models import RegistryHead

SILENT_AFTER = timedelta(seconds=20)
MASS = ("id", "began_at", "total", "failing")
TOLD = (Episode.State.FIRING, Episode.State.ACKNOWLEDGED)
OURS = (
    *("seen_at", "stopped_at", "feed", "drifted"),
    *(f"alerts_{state}" for state in TOLD),
    *(f"mass_{name}" for name in MASS),
)
Beside = Callable[[str], Mapping[str, Subquery]]


def _nothing(whose: str) -> Mapping[str, Subquery]:
    return {}


@dataclass(frozen=True, kw_only=True)
class FrameFacts:
    """What every page's frame shows. `feed_id` is read before the rows, so that no change falls between."""

    feed_id: int
    firing: int
    acknowledged: int
    worker_seen_at: datetime | None
    live: bool
    drifted_at: datetime | None
    mass: MassFailure | None
    beside: Mapping[str, Any] | None = None

    @property
    def open_alerts(self) -> int:
        """Those that somebody was told of and that are not over."""
        return self.firing + self.acknowledged


def read(now: datetime, beside: Beside = _nothing, whose: str = "") -> FrameFacts:
    """The frame's facts in one query (five while no worker has ever run), and what else is to be read in it.

    *beside* makes that, for the person *whose* it is. While no worker has ever run there is no such query,
    and `beside` of the answer is None.
    """
    found = kept.rows(("frame", beside, whose), lambda: _facts(beside(whose)))
    if not found:
        return FrameFacts(
            feed_id=feed.place(),
            firing=_now(Episode.State.FIRING),
            acknowledged=_now(Episode.State.ACKNOWLEDGED),
            worker_seen_at=None,
            live=False,
            drifted_at=RegistryHead.objects.values_list("drift_seen_at", flat=True).first(),
            mass=None,
        )
    row = found[0]
    live = row["stopped_at"] is None and now - row["seen_at"] <= SILENT_AFTER
    return FrameFacts(
        feed_id=row["feed"] or 0,
        firing=row["alerts_firing"] or 0,
        acknowledged=row["alerts_acknowledged"] or 0,
        worker_seen_at=row["seen_at"],
        live=live,
        drifted_at=row["drifted"],
        mass=MassFailure(**{name: row[f"mass_{name}"] for name in MASS}) if row["mass_id"] else None,
        beside={name: value for name, value in row.items() if name not in OURS},
    )


def _facts(more: Mapping[str, Subquery]) -> QuerySet[WorkerSeen, dict[str, Any]]:
    """Of the worker that was seen last, of those at work before others; one row."""
    drifted = RegistryHead.objects.values("drift_seen_at")[:1]
    found = WorkerSeen.objects.order_by(F("stopped_at").asc(nulls_first=True), "-seen_at")
    annotated = found.annotate(feed=_place(), **_alerts(), drifted=Subquery(drifted), **_mass(), **more)
    values: QuerySet[WorkerSeen, dict[str, Any]] = annotated.values(*OURS, *more)
    return values[:1]


def _place() -> RawSQL:
    """The place in the feed as part of a query, of the same moment as all that it reads."""
    if connection.vendor == "postgresql":
        return RawSQL(f"({transactions.HORIZON}::text::bigint)", [], BigIntegerField())  # noqa: S611
    return RawSQL("(SELECT max(id) FROM lifecycle_feeditem)", [], BigIntegerField())


def _mass() -> dict[str, Subquery]:
    """The columns of the mass failure that is under way: a query of its own would be one too many."""
    open_one = MassFailure.objects.filter(open=True)
    return {f"mass_{name}": Subquery(open_one.values(name)[:1]) for name in MASS}


def mass_failure() -> MassFailure | None:
    """The one that is under way."""
    return MassFailure.objects.filter(open=True).first()


def _alerts() -> dict[str, Subquery]:
    """How many fire, and how many somebody has taken on."""
    return {f"alerts_{state}": Subquery(_count(state)) for state in TOLD}


def _count(state: str) -> QuerySet[Any, Any]:
    standing = Episode.objects.exclude(state=Episode.State.RESOLVED)  # said for the index of open ones
    found = standing.filter(state=state).order_by().annotate(one=Value(1)).values("one")
    return found.annotate(n=Count("id")).values("n")


def _now(state: str) -> int:
    return Episode.objects.filter(state=state).count()
