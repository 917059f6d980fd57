"""How far the steps in the background have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Q

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES, RAW, Kept
from lifecycle.models import Rollup5m, RollupMark
from registry.models import Service

BACKFILL = "backfill"
SERVICES = {HOUR: "hour", DAY: "day"}
FLEET = {MINUTES: "fleet", HOUR: "fleet hour", DAY: "fleet day"}
PRUNED = {RAW: "pruned checks", MINUTES: "pruned 5 min", HOUR: "pruned hours", DAY: "pruned days"}
_HELD = (
    f"SELECT name, until, service_id FROM {RollupMark._meta.db_table}"  # noqa: S608
    " WHERE name IN (%s, %s, %s, %s) ORDER BY name"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """As the row: all before `until` is done, and of the span that begins there some services."""

    until: int
    service_id: int

    def has_passed(self, service_id: int, at: int, span: int) -> bool:
        """Whether the span in which *at* lies is rolled up for this service."""
        start = spans.floor(at, span)
        return start < self.until or (start == self.until and service_id <= self.service_id)


def kept(names: Mapping[int, str]) -> Kept:
    """Which rows there are; *names* are the marks of who is asked for."""
    until = dict(RollupMark.objects.values_list("name", "until"))
    return Kept(
        since={span: until[name] for span, name in PRUNED.items() if name in until},
        until={span: until[name] for span, name in names.items() if name in until},
    )


def held() -> dict[str, Mark]:
    """Those that matter to who writes checks; nobody else moves one until this transaction ends."""
    share = " FOR SHARE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_HELD + share, [BACKFILL, FLEET[MINUTES], *SERVICES.values()])
        return {name: Mark(until, service_id) for name, until, service_id in cursor.fetchall()}


def locked(names: Mapping[int, str]) -> dict[int, RollupMark]:
    """By span, to be moved in this transaction: it and whoever writes checks wait for each other's end."""
    # In the order in which others lock them.
    rows = RollupMark.objects.select_for_update().filter(name__in=names.values()).order_by("name")
    found = {row.name: row for row in rows}
    return {span: found[name] for span, name in names.items() if name in found}


def move(name: str, until: int, service_id: int = 0) -> None:
    """From now on it is here."""
    RollupMark.objects.update_or_create(name=name, defaults={"until": until, "service_id": service_id})


def raise_pruned(span: int, until: int, now: datetime) -> None:
    """What is older is deleted; that it once was is not forgotten, unless the clock was wrong then."""
    mark = RollupMark.objects.filter(name=PRUNED[span]).first()
    if mark is None or mark.until < until or mark.until > now.timestamp():
        move(PRUNED[span], until)


def begin(now: datetime, first: int | None = None) -> None:
    """Set the marks before the *first* row, in seconds since 1970; without it that is looked for."""
    if first is None:
        first = Rollup5m.objects.aggregate(first=Min("at"))["first"]
    at = int(now.timestamp()) if first is None else first
    for span, name in (*SERVICES.items(), *FLEET.items()):
        RollupMark.objects.get_or_create(name=name, defaults={"until": spans.floor(at, span)})


def lower_fleet(at: int) -> None:
    """What the fleet's rows say from *at* on is to be made anew."""
    for span, name in FLEET.items():
        start = spans.floor(at, span)
        RollupMark.objects.filter(name=name, until__gt=start).update(until=start)


def until(name: str) -> int | None:
    """Where a mark is; None where it is not set."""
    return RollupMark.objects.filter(name=name).values_list("until", flat=True).first()


def backfill_progress() -> float | None:
    """The share of services, from 0 to 1, whose checks from before an upgrade are summed up; None if all.

    One query, and another while it goes on.
    """
    mark = RollupMark.objects.filter(name=BACKFILL).first()
    if mark is None:
        return None
    found = Service.objects.aggregate(all=Count("pk"), done=Count("pk", filter=Q(pk__lte=mark.service_id)))
    return found["done"] / found["all"] if found["all"] else None
