"""The only writer of lifecycle state: compare-and-set, history, alert and feed row in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import Error
from django.db.models import F

from lifecycle.core import machine
from lifecycle.core.health import Level
from lifecycle.core.machine import Change, Snapshot
from lifecycle.engine import lists, routine, snapshots
from lifecycle.engine.content import Content
from lifecycle.engine.fence import Fence
from lifecycle.engine.routine import Check
from lifecycle.engine.writer import Writer
from lifecycle.live import feed
from lifecycle.models import FeedItem, ServiceState, StateChange
from registry.core import contract
from registry.models import Service

log = structlog.get_logger("lifecycle.state")
FLUSH_EVERY = 0.9
OnChange = Callable[[Service, ServiceState, Change, datetime], object]
OnTools = Callable[[int, Sequence[contract.Change], datetime], object]


@dataclass(eq=False)
class Held:
    """What the engine holds of one row. `version` belongs to the writer's thread, the rest to the event loop.

    `epoch` is that of the lease under which it is held; 0 where one worker has all.
    `stale` says that somebody else wrote the row: read it again before deciding anything.
    """

    service_id: int
    name: str
    snapshot: Snapshot
    version: int
    facts: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    stale: bool = False


class Recorder:
    """Writes transitions at once, and routine checks together within a second."""

    def __init__(
        self,
        writer: Writer,
        worker: str,
        on_change: OnChange,
        fence: Fence | None = None,
        on_tools: OnTools | None = None,
    ) -> None:
        self._writer, self._worker = writer, worker
        self._on_change, self._on_tools = on_change, on_tools
        self._fence = fence or Fence()
        self._checks: list[Check] = []

    async def register(
        self, service_id: int, name: str, running: bool, now: datetime, epoch: int = 0
    ) -> Held:
        """A new service's first row; FencedError if another worker has the service."""
        snap, change = machine.register(running, now)
        held = Held(service_id, name, snap, 1, epoch=epoch)
        await self._writer.write(self._insert, held, change, now)
        _tell(held, change)
        return held

    async def change(
        self,
        held: Held,
        snap: Snapshot,
        change: Change | None,
        now: datetime,
        *,
        facts: Mapping[str, Any] | None = None,
        content: Content | None = None,
    ) -> bool:
        """Write what became of a service; False when somebody else wrote first and nothing was changed.

        FencedError if another worker has the service now; then nothing was changed either.
        """
        held.snapshot = snap
        won = await self._writer.write(self._update, held, snap, change, now, dict(facts or {}), content)
        if won:
            held.facts.update(facts or {})
            if change is not None:
                _tell(held, change)
        return won

    def check(self, held: Held, snap: Snapshot, level: Level, now: datetime) -> None:
        """Take a check that changed no state; it is written with the others of this second."""
        held.snapshot = snap
        took = snap.response_time if level is not Level.UNKNOWN and snap.last_ping_at == now else None
        ms = None if took is None or snap.fault else round(took.total_seconds() * 1000)
        self._checks.append(Check(held, snap, level, now, ms))

    async def run(self, stop: asyncio.Event) -> None:
        """Write the routine checks every second until *stop*, and the last ones then."""
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), FLUSH_EVERY)
            except TimeoutError:
                await self.flush()
        await self.flush()

    async def flush(self) -> None:
        """Write what has been taken so far."""
        checks, self._checks = self._checks, []
        if not checks:
            return
        try:
            await self._writer.write(routine.write, checks, self._fence)
        except Error as exc:
            # The next check of each service writes what counts; only these dots on the chart are missing.
            log.warning("checks not written", count=len(checks), error=str(exc))

    def _insert(self, held: Held, change: Change, now: datetime) -> None:
        self._fence.require(held.service_id, held.epoch)
        written_by = {"worker": self._worker, "epoch": held.epoch}
        row = ServiceState.objects.create(
            service_id=held.service_id, **written_by, **snapshots.columns(held.snapshot)
        )
        self._add_history(held, row, change, now)
        feed.note(FeedItem.Kind.LIST, 0, now)

    def _update(
        self,
        held: Held,
        snap: Snapshot,
        change: Change | None,
        now: datetime,
        facts: dict[str, Any],
        content: Content | None,
    ) -> bool:
        self._fence.require(held.service_id, held.epoch)
        rows = ServiceState.objects.filter(pk=held.service_id, version=held.version)
        values = snapshots.columns(snap) | facts | {"worker": self._worker, "epoch": held.epoch}
        if not rows.update(version=F("version") + 1, **values):
            held.stale = True
            return False
        held.version += 1
        if content is not None:
            taken = lists.replace(held.service_id, content, now)
            if taken.changes and self._on_tools is not None:
                self._on_tools(held.service_id, taken.changes, now)
        if change is not None:
            row = ServiceState.objects.select_related("service").get(pk=held.service_id)
            self._add_history(held, row, change, now)
        feed.note(FeedItem.Kind.SERVICE, held.service_id, now)
        return True

    def _add_history(self, held: Held, row: ServiceState, change: Change, now: datetime) -> None:
        StateChange.objects.create(
            service_id=held.service_id,
            before=change.before.value if change.before else "",
            after=change.after.value,
            event=change.event,
            reason=change.reason[:300],
            error_kind=change.fault.kind.value if change.fault else "",
            error_message=change.fault.message if change.fault else "",
            at=now,
            worker=self._worker,
            epoch=held.epoch,
        )
        self._on_change(row.service, row, change, now)


def _tell(held: Held, change: Change) -> None:
    before = change.before.value if change.before else "-"
    log.info(f"{before} -> {change.after.value}", service=held.name, reason=change.reason[:300])
