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

from lifecycle.alerts.moves import Move
from lifecycle.core import machine
from lifecycle.core.health import Level
from lifecycle.core.machine import Change, Snapshot
from lifecycle.engine import lists, routine, snapshots
from lifecycle.engine.content import Content
from lifecycle.engine.fence import Fence, FencedError
from lifecycle.engine.routine import Check
from lifecycle.engine.writer import Writer
from lifecycle.live import feed
from lifecycle.models import FeedItem, ServiceState, StateChange
from registry.contracts import Prepared
from registry.core import contract

log = structlog.get_logger("lifecycle.state")
FLUSH_EVERY = 0.9
AT_ONCE = 500
"""So many tools are compared within the transaction; more before it, so that others can write meanwhile."""
OnChange = Callable[[Sequence[Move]], object]
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


@dataclass(frozen=True, eq=False)
class Deed:
    """What became of one service, as it is to be written; without a change only its facts."""

    held: Held
    snap: Snapshot
    change: Change | None
    now: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    content: Content | None = None
    prepared: Prepared | None = None


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
        if not await self._writer.write_each(self._insert, Deed(held, snap, change, now)):
            raise FencedError(service_id)
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
        prepared = None
        if content is not None and len(content.tools) > AT_ONCE:
            prepared = await self._writer.do(lists.prepare, held.service_id, content, now)
        deed = Deed(held, snap, change, now, dict(facts or {}), content, prepared)
        won = await self._writer.write_each(self._update, deed)
        if won is None:
            raise FencedError(held.service_id)
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

    def _insert(self, deeds: Sequence[Deed]) -> list[bool]:
        """The first rows of new services; False for what another worker has."""
        ours = self._ours(deeds)
        if ours:
            ServiceState.objects.bulk_create(
                ServiceState(service_id=deed.held.service_id, **self._columns(deed)) for deed in ours
            )
            self._add_history(ours)
            feed.note(FeedItem.Kind.LIST, 0, ours[0].now)
        return [deed in ours for deed in deeds]

    def _update(self, deeds: Sequence[Deed]) -> list[bool | None]:
        """For each whether it was written; None for what another worker has."""
        ours = self._ours(deeds)
        won = [deed for deed in ours if self._advance(deed)]
        self._take_contents(won)
        if changed := [deed for deed in won if deed.change is not None]:
            self._add_history(changed)
        if won:
            feed.note_all(FeedItem.Kind.SERVICE, [deed.held.service_id for deed in won], won[0].now)
        # Last, so that nothing is counted that is called again or undone.
        for deed in won:
            deed.held.version += 1
        return [deed in won if deed in ours else None for deed in deeds]

    def _ours(self, deeds: Sequence[Deed]) -> list[Deed]:
        """Those whose lease is ours, which it stays until the transaction ends."""
        standing = self._fence.standing({(deed.held.service_id, deed.held.epoch) for deed in deeds})
        return [deed for deed in deeds if deed.held.service_id in standing]

    def _columns(self, deed: Deed) -> dict[str, Any]:
        return snapshots.columns(deed.snap) | {"worker": self._worker, "epoch": deed.held.epoch}

    def _advance(self, deed: Deed) -> bool:
        held = deed.held
        rows = ServiceState.objects.filter(pk=held.service_id, version=held.version)
        won = rows.update(version=F("version") + 1, **self._columns(deed), **deed.facts) == 1
        held.stale = held.stale or not won
        return won

    def _take_contents(self, deeds: Sequence[Deed]) -> None:
        contents = {deed.held.service_id: deed.content for deed in deeds if deed.content is not None}
        if not contents:
            return
        now = deeds[0].now
        prepared = {deed.held.service_id: deed.prepared for deed in deeds if deed.prepared is not None}
        for service_id, taken in lists.replace(contents, now, prepared).items():
            if taken.changes and self._on_tools is not None:
                self._on_tools(service_id, taken.changes, now)

    def _add_history(self, deeds: Sequence[Deed]) -> None:
        """One line for each, and the alerts are told; each deed has a change."""
        rows = ServiceState.objects.select_related("service")
        found = rows.in_bulk([deed.held.service_id for deed in deeds])
        told = [(deed, deed.change) for deed in deeds if deed.change is not None]
        StateChange.objects.bulk_create(self._line(deed, change) for deed, change in told)
        self._on_change(
            [Move(row=found[deed.held.service_id], change=change, now=deed.now) for deed, change in told]
        )

    def _line(self, deed: Deed, change: Change) -> StateChange:
        return StateChange(
            service_id=deed.held.service_id,
            before=change.before.value if change.before else "",
            after=change.after.value,
            event=change.event,
            reason=change.reason[:300],
            error_kind=change.fault.kind.value if change.fault else "",
            error_message=change.fault.message if change.fault else "",
            at=deed.now,
            worker=self._worker,
            epoch=deed.held.epoch,
        )


def _tell(held: Held, change: Change) -> None:
    before = change.before.value if change.before else "-"
    log.info(f"{before} -> {change.after.value}", service=held.name, reason=change.reason[:300])
