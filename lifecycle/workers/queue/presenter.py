"""The queue page's lines and lanes in words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State
from lifecycle.models import WorkerSeen
from lifecycle.pages import humanize
from lifecycle.pages.paging import PAGE_SIZE
from lifecycle.services.diagnosis.remedies import in_short
from lifecycle.services.presenter import looks_of
from lifecycle.workers.queue import queries
from lifecycle.workers.queue.queries import Now, Queued

LANE_WORDS = {
    "connect": lazy("First connections"),
    "reconnect": lazy("Reconnections"),
    "spawn": lazy("First program starts"),
    "respawn": lazy("Program restarts"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One service in the queue."""

    name: str
    url: str
    state_class: str
    state_word: str
    why: str
    lane: str
    when: str
    try_iso: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class LaneRow:
    word: str
    inside: int
    limit: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class WorkerRow:
    """The lanes of one worker, and what is left of its budget."""

    name: str
    lanes: list[LaneRow]
    budget: str
    slowed: bool


@dataclass(frozen=True, kw_only=True)
class QueuePage:
    """The whole page; `digest` tells whether anything in it changed."""

    count: int
    text: str
    previous: str
    next: str
    here: str
    lines: list[Line]
    workers: list[WorkerRow]
    digest: str


def queue_page(now: datetime, page: int) -> QueuePage:
    """One page of the queue in words."""
    found = queries.queue(now, page)
    lines = [_line(queued, now) for queued in found.rows]
    workers = [_worker(worker) for worker in found.workers]
    first, last = (found.page - 1) * PAGE_SIZE + 1, (found.page - 1) * PAGE_SIZE + len(lines)
    return QueuePage(
        count=found.count,
        text=_("%(first)d–%(last)d of %(count)d") % {"first": first, "last": last, "count": found.count},
        previous=_address(found.page - 1) if found.page > 1 else "",
        next=_address(found.page + 1) if last < found.count else "",
        here=_address(found.page),
        lines=lines,
        workers=workers,
        digest=_digest(lines, workers, found.count),
    )


def _address(page: int) -> str:
    return reverse("queue_list") + (f"?page={page}" if page > 1 else "")


def _digest(lines: list[Line], workers: list[WorkerRow], count: int) -> str:
    """Of all that does not tick by itself."""
    said = [
        (line.name, line.state_word, line.why, line.attempts, line.try_iso or line.when) for line in lines
    ]
    return hashlib.sha256(repr((said, workers, count)).encode()).hexdigest()[:16]


def _line(queued: Queued, now: datetime) -> Line:
    row = queued.row
    css, word = looks_of(State(row.state), row.error_kind)
    retry = row.next_retry_at if queued.now is Now.PLANNED else None
    return Line(
        name=row.service.name,
        url=reverse("service_detail", args=[row.service.name]),
        state_class=css,
        state_word=word,
        why=_why(queued),
        lane=str(LANE_WORDS[queued.lane]),
        when=humanize.next_try(retry, now) if retry else _when(queued),
        try_iso=humanize.iso(retry),
        attempts=row.reconnect_attempts,
    )


def _why(queued: Queued) -> str:
    row = queued.row
    if row.held_by:
        return _("waits for %(names)s") % {"names": ", ".join(row.held_by.split())}
    if row.error_kind in list(Kind):
        return in_short(row.error_kind, row.error_cause, row.error_message)
    return _("first connection") if row.state == State.INITIALIZING else _("requested")


def _when(queued: Queued) -> str:
    match queued.now:
        case Now.CONNECTING:
            return _("connecting now")
        case Now.WAITING:
            return _("number %(n)d in its lane") % {"n": queued.position}
        case Now.HELD_BACK:
            return _("as soon as the dependency is serving")
    return _("now")


def _worker(worker: WorkerSeen) -> WorkerRow:
    budget: dict[str, Any] = worker.connecting.get("budget", {})
    return WorkerRow(
        name=worker.name,
        lanes=[_lane(lane) for lane in queries.lanes(worker)],
        budget=_budget(budget) if budget else "",
        slowed=bool(budget.get("slowed")),
    )


def _lane(lane: dict[str, Any]) -> LaneRow:
    return LaneRow(
        word=str(LANE_WORDS[lane["name"]]),
        inside=len(lane["inside"]),
        limit=lane["limit"],
        waiting=lane["waiting_count"],
    )


def _budget(budget: dict[str, Any]) -> str:
    return _("%(left)d of %(capacity)d retries left, refilled at %(rate)g per second") % {
        "left": budget["left"],
        "capacity": budget["capacity"],
        "rate": budget["per_second"],
    }
