"""Queries for the frame of every page: the place in the feed, open alerts, the worker's sign of life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import BigIntegerField, Count, F, Subquery, Value
from django.db.models.expressions import RawSQL

from lifecycle.live.feed import feed, transactions
from lifecycle.models import Episode, MassFailure, WorkerSeen
from registry.models import RegistryHead

SILENT_AFTER = timedelta(seconds=20)
MASS = ("id", "began_at", "total", "failing")


@dataclass(frozen=True, kw_only=True)
class FrameFacts:
    """What every page's frame shows. `feed_id` is read before the rows, so that no change falls between."""

    feed_id: int
    open_alerts: int
    worker_seen_at: datetime | None
    live: bool
    drifted_at: datetime | None
    mass: MassFailure | None


def read(now: datetime) -> FrameFacts:
    """The frame's facts in one query (four while no worker has ever run)."""
    alerts = (
        Episode.objects.filter(state__in=[Episode.State.FIRING, Episode.State.ACKNOWLEDGED])
        .order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(n=Count("id"))
        .values("n")
    )
    drifted = RegistryHead.objects.values("drift_seen_at")[:1]
    row = (
        WorkerSeen.objects.order_by(F("stopped_at").asc(nulls_first=True), "-seen_at")
        .annotate(feed=_place(), alerts=Subquery(alerts), drifted=Subquery(drifted), **_mass())
        .values("seen_at", "stopped_at", "feed", "alerts", "drifted", *_mass())
        .first()
    )
    if row is None:
        return FrameFacts(
            feed_id=feed.place(),
            open_alerts=_alerts(),
            worker_seen_at=None,
            live=False,
            drifted_at=RegistryHead.objects.values_list("drift_seen_at", flat=True).first(),
            mass=None,
        )
    live = row["stopped_at"] is None and now - row["seen_at"] <= SILENT_AFTER
    return FrameFacts(
        feed_id=row["feed"] or 0,
        open_alerts=row["alerts"] or 0,
        worker_seen_at=row["seen_at"],
        live=live,
        drifted_at=row["drifted"],
        mass=MassFailure(**{name: row[f"mass_{name}"] for name in MASS}) if row["mass_id"] else None,
    )


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


def _alerts() -> int:
    return Episode.objects.filter(state__in=[Episode.State.FIRING, Episode.State.ACKNOWLEDGED]).count()
