"""Who is to be connected next: from the states' rows, and from what each worker says of its lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import F, QuerySet

from lifecycle.core.machine.states import CONNECTING, State
from lifecycle.models import ServiceState, WorkerSeen
from lifecycle.pages.paging import PAGE_SIZE, clamp
from lifecycle.pages.queries import SILENT_AFTER
from registry.models import Desired, Service, Transport
from registry.models.limits import current

LANES = ("connect", "reconnect", "spawn", "respawn")


class Now(StrEnum):
    """How far one in the queue is."""

    CONNECTING = "connecting"
    WAITING = "waiting"
    DUE = "due"
    PLANNED = "planned"
    HELD_BACK = "held-back"


@dataclass(frozen=True, kw_only=True)
class Queued:
    """One service in the queue; `position` is its place among those that wait in its lane, from 1; else 0."""

    row: ServiceState
    lane: str
    now: Now
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One page of the queue, and the workers that work it off."""

    count: int
    page: int
    rows: list[Queued]
    workers: list[WorkerSeen]


def lane_of(row: ServiceState) -> str:
    """The lane that the next attempt goes through: programs apart, and what failed apart."""
    failing = row.state in (State.RECONNECTING, State.UNREACHABLE)
    if row.service.transport == Transport.STDIO:
        return "respawn" if failing else "spawn"
    return "reconnect" if failing else "connect"


def _all() -> QuerySet[ServiceState]:
    return ServiceState.objects.filter(
        state__in=CONNECTING,
        service__desired=Desired.RUNNING,
        service__removed_at=None,
        service__archived_at=None,
    )


def queue(now: datetime, page: int = 1, page_size: int = PAGE_SIZE) -> Queue:
    """Those that are to be connected, the next first; held back ones, which have no time, last."""
    waiting = _all()
    count = waiting.count()
    page = clamp(page, count, page_size)
    ordered = waiting.order_by(F("held_by").asc(), F("next_retry_at").asc(nulls_first=True), "service_id")
    first = (page - 1) * page_size
    rows = list(ordered.select_related("service")[first : first + page_size])
    workers = workers_at_work(now)
    places = dict(_places(workers))
    return Queue(
        count=count, page=page, rows=[_queued(row, places.get(row.pk), now) for row in rows], workers=workers
    )


def workers_at_work(now: datetime) -> list[WorkerSeen]:
    """Those that were seen lately, by name."""
    alive = WorkerSeen.objects.filter(stopped_at=None, seen_at__gte=now - SILENT_AFTER)
    return list(alive.order_by("name"))


def _places(workers: list[WorkerSeen]) -> Iterator[tuple[int, tuple[Now, int]]]:
    for worker in workers:
        for lane in lanes(worker):
            for position, service in enumerate(lane["waiting"], 1):
                yield service, (Now.WAITING, position)
            for service in lane["inside"]:
                yield service, (Now.CONNECTING, 0)


def lanes(worker: WorkerSeen) -> list[dict[str, Any]]:
    """What it said of its lanes; nothing before its first word. Nothing is said of hidden services."""
    found: list[dict[str, Any]] = worker.connecting.get("lanes", [])
    return [_without_hidden(lane) for lane in found] if current() else found


def _without_hidden(lane: dict[str, Any]) -> dict[str, Any]:
    ids = [*lane["inside"], *lane["waiting"]]
    seen = set(Service.objects.filter(pk__in=ids).values_list("pk", flat=True))
    left = {key: [pk for pk in lane[key] if pk in seen] for key in ("inside", "waiting")}
    return {**lane, **left, "waiting_count": len(left["waiting"])}


def _queued(row: ServiceState, place: tuple[Now, int] | None, now: datetime) -> Queued:
    lane = lane_of(row)
    if place is not None:
        return Queued(row=row, lane=lane, now=place[0], position=place[1])
    if row.held_by:
        return Queued(row=row, lane=lane, now=Now.HELD_BACK)
    due = row.next_retry_at is None or row.next_retry_at <= now
    return Queued(row=row, lane=lane, now=Now.DUE if due else Now.PLANNED)


def numbers(workers: list[WorkerSeen]) -> dict[int, int]:
    """The place of each service that waits in a lane of theirs, from 1."""
    return {service: place for service, (_now, place) in _places(workers) if place}


def standing(service_id: int, now: datetime) -> tuple[Now, int] | None:
    """Where one service stands in a lane now: inside, or the n-th that waits; None where it is in none."""
    return dict(_places(workers_at_work(now))).get(service_id)
