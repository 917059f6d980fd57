"""The workers: who is at work, since when, what each holds, and how punctual it is."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle import wording
from lifecycle.chrome import SILENT_AFTER
from lifecycle.core.tenure import HOUSE, LEASES, SHARDS, shard_of
from lifecycle.engine import leases
from lifecycle.models import Lease, WorkerSeen

GONE_SHOWN = timedelta(days=1)
AT_MOST = 50
LATE_MS = 1000


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One worker's row and its leases; on SQLite one worker holds everything while it runs."""

    seen: WorkerSeen
    live: bool
    shards: int
    house: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """One worker in words."""

    name: str
    host: str
    state: str
    state_class: str
    started: datetime
    seen_iso: str
    seen_text: str
    shards: str
    house: bool
    services: int
    late: str
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The page; `digest` tells whether it has changed."""

    lines: list[Line]
    shared: bool
    unheld: int
    digest: str


def standings(now: datetime) -> list[Standing]:
    """Those at work first, then those that went within the last day, the latest first."""
    recent = WorkerSeen.objects.filter(Q(stopped_at=None) | Q(stopped_at__gt=now - GONE_SHOWN))
    rows = list(recent.filter(seen_at__gt=now - GONE_SHOWN).order_by("-seen_at")[:AT_MOST])
    held = Counter(Lease.objects.exclude(shard=HOUSE).values_list("worker", flat=True))
    house = set(Lease.objects.filter(shard=HOUSE).values_list("worker", flat=True))
    found = []
    for row in rows:
        live = row.stopped_at is None and now - row.seen_at <= SILENT_AFTER
        alone = live and not is_shared()
        shards = SHARDS if alone else held[row.name]
        found.append(Standing(seen=row, live=live, shards=shards, house=alone or row.name in house))
    return sorted(found, key=lambda one: (not one.live, -one.seen.started_at.timestamp()))


def is_shared() -> bool:
    """Whether this database has room for several workers."""
    return connection.vendor == "postgresql"


def unheld() -> int:
    """How many leases are held by no living worker."""
    return leases.unheld() if is_shared() else 0


def holder_of(service_id: int) -> str:
    """The worker that has the service now; empty where no lease tells."""
    if not is_shared():
        return ""
    return Lease.objects.filter(shard=shard_of(service_id)).values_list("worker", flat=True).first() or ""


def shown(now: datetime) -> Shown:
    """The workers as a page shows them."""
    lines, missing = [_line(one, now) for one in standings(now)], unheld()
    text = repr([[one.name, one.state, one.shards, one.house, one.services, one.late] for one in lines])
    digest = hashlib.sha256(f"{missing}{text}".encode()).hexdigest()[:16]
    return Shown(lines=lines, shared=is_shared(), unheld=missing, digest=digest)


def _line(one: Standing, now: datetime) -> Line:
    seen = one.seen
    state, look = _state(one)
    late = one.live and seen.late_ms >= LATE_MS
    return Line(
        name=seen.name,
        host=seen.host,
        state=state,
        state_class=look,
        started=seen.started_at,
        seen_iso=wording.iso(seen.seen_at),
        seen_text=wording.ago(seen.seen_at, now),
        shards=_("all") if one.shards == SHARDS else _("%(n)d of %(all)d") % {"n": one.shards, "all": SHARDS},
        house=one.house and one.live,
        services=seen.services if one.live else 0,
        late=wording.milliseconds(seen.late_ms) if one.live and seen.late_ms else "–",
        is_late=late,
    )


def _state(one: Standing) -> tuple[str, str]:
    if one.live:
        return _("At work"), "l-ok"
    if one.seen.stopped_at is not None:
        return _("Stopped"), "s-disconnected"
    return _("Silent"), "s-unreachable"


def unheld_text(missing: int) -> str:
    """What it means that so many leases have no holder."""
    return ngettext(
        "%(n)d of %(all)d leases is held by no worker: its services are not watched until one takes it, "
        "within 20 s if any is at work.",
        "%(n)d of %(all)d leases are held by no worker: their services are not watched until one takes them, "
        "within 20 s if any is at work.",
        missing,
    ) % {"n": missing, "all": LEASES}
