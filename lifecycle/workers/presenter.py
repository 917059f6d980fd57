"""The workers in words for their page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.core.timing.shares import LEASES, SHARDS
from lifecycle.pages import humanize
from lifecycle.workers import queries
from lifecycle.workers.queries import WorkerStatus

LATE_MS = 1000


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


def shown(now: datetime) -> Shown:
    """The workers as a page shows them."""
    lines, missing = [_line(one, now) for one in queries.worker_statuses(now)], queries.unheld()
    text = repr([[one.name, one.state, one.shards, one.house, one.services, one.late] for one in lines])
    digest = hashlib.sha256(f"{missing}{text}".encode()).hexdigest()[:16]
    return Shown(lines=lines, shared=queries.is_shared(), unheld=missing, digest=digest)


def _line(one: WorkerStatus, now: datetime) -> Line:
    seen = one.seen
    state, look = _state(one)
    late = one.live and seen.late_ms >= LATE_MS
    return Line(
        name=seen.name,
        host=seen.host,
        state=state,
        state_class=look,
        started=seen.started_at,
        seen_iso=humanize.iso(seen.seen_at),
        seen_text=humanize.ago(seen.seen_at, now),
        shards=_("all") if one.shards == SHARDS else _("%(n)d of %(all)d") % {"n": one.shards, "all": SHARDS},
        house=one.house and one.live,
        services=seen.services if one.live else 0,
        late=humanize.milliseconds(seen.late_ms) if one.live and seen.late_ms else "–",
        is_late=late,
    )


def _state(one: WorkerStatus) -> tuple[str, str]:
    if one.live:
        return _("Running"), "l-ok"
    if one.seen.stopped_at is not None:
        return _("Stopped"), "s-disconnected"
    return _("Silent"), "s-unreachable"


def unheld_text(missing: int) -> str:
    """What it means that so many leases have no holder."""
    return ngettext(
        "%(n)d of %(all)d leases has no worker: its services are not monitored until a worker takes it, "
        "within 20 s if one is running.",
        "%(n)d of %(all)d leases have no worker: their services are not monitored until a worker takes them, "
        "within 20 s if one is running.",
        missing,
    ) % {"n": missing, "all": LEASES}
