"""The queue page's lines and lanes: every word is chosen here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle import queueing, wording
from lifecycle.core.health import Kind
from lifecycle.core.states import State
from lifecycle.models import WorkerSeen
from lifecycle.queueing import Now, Queued
from lifecycle.reading import PAGE_SIZE
from lifecycle.remedies import IN_SHORT
from lifecycle.rows import looks_of

LANE_WORDS = {
    "connect": lazy("First connections"),
    "reconnect": lazy("Connections again"),
    "spawn": lazy("First starts of programs"),
    "respawn": lazy("Restarts of programs"),
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
class LaneShown:
    word: str
    inside: int
    limit: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class WorkerShown:
    """The lanes of one worker, and what is left of its budget."""

    name: str
    lanes: list[LaneShown]
    budget: str
    slowed: bool


@dataclass(frozen=True, kw_only=True)
class QueueShown:
    """The whole page; `digest` tells whether anything in it changed."""

    count: int
    text: str
    previous: str
    next: str
    here: str
    lines: list[Line]
    workers: list[WorkerShown]
    digest: str


def queue_shown(now: datetime, page: int) -> QueueShown:
    """One page of the queue in words."""
    found = queueing.queue(now, page)
    lines = [_line(queued, now) for queued in found.rows]
    workers = [_worker(worker) for worker in found.workers]
    first, last = (found.page - 1) * PAGE_SIZE + 1, (found.page - 1) * PAGE_SIZE + len(lines)
    return QueueShown(
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


def _digest(lines: list[Line], workers: list[WorkerShown], count: int) -> str:
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
        when=wording.next_try(retry, now) if retry else _when(queued),
        try_iso=wording.iso(retry),
        attempts=row.reconnect_attempts,
    )


def _why(queued: Queued) -> str:
    row = queued.row
    if row.held_by:
        return _("waits for %(names)s") % {"names": ", ".join(row.held_by.split())}
    if row.error_kind in list(Kind):
        return str(IN_SHORT[Kind(row.error_kind)])
    return _("first connection") if row.state == State.INITIALIZING else _("asked for")


def _when(queued: Queued) -> str:
    match queued.now:
        case Now.CONNECTING:
            return _("connecting now")
        case Now.WAITING:
            return _("number %(n)d in its lane") % {"n": queued.position}
        case Now.HELD_BACK:
            return _("as soon as that serves")
    return _("now")


def _worker(worker: WorkerSeen) -> WorkerShown:
    budget: dict[str, Any] = worker.connecting.get("budget", {})
    return WorkerShown(
        name=worker.name,
        lanes=[_lane(lane) for lane in queueing.lanes(worker)],
        budget=_budget(budget) if budget else "",
        slowed=bool(budget.get("slowed")),
    )


def _lane(lane: dict[str, Any]) -> LaneShown:
    return LaneShown(
        word=str(LANE_WORDS[lane["name"]]),
        inside=len(lane["inside"]),
        limit=lane["limit"],
        waiting=lane["waiting_count"],
    )


def _budget(budget: dict[str, Any]) -> str:
    return _("%(left)d of %(capacity)d retries left, %(rate)g more each second") % {
        "left": budget["left"],
        "capacity": budget["capacity"],
        "rate": budget["per_second"],
    }
