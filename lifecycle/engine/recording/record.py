"""The only writer of lifecycle state: compare-and-set, history, alert and feed row in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import Error, OperationalError

from lifecycle.alerts.episodes.moves import Move
from lifecycle.core.health.verdict import Level
from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import Change, Snapshot
from lifecycle.core.monitoring.options import DEFAULTS
from lifecycle.engine.leases.fence import Fence, FencedError
from lifecycle.engine.recording import routine, rows, snapshots
from lifecycle.engine.recording.company import Company
from lifecycle.engine.recording.held import Held
from lifecycle.engine.recording.routine import Check
from lifecycle.engine.recording.writer import Writer
from lifecycle.engine.session.lists import offer
from lifecycle.engine.session.lists.content import Content
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceState, StateChange
from lifecycle.monitoring.rollups.write import Rollups
from lifecycle.monitoring.uptime import gaps
from registry.contracts.record import Prepared
from registry.core.contract import compare

log = structlog.get_logger("lifecycle.state")
FLUSH_EVERY = 0.9
KEPT_UNWRITTEN = 20_000
"""So many checks are written when the database is back; of more the oldest are missing on the charts."""
AT_ONCE = 500
"""So many tools are compared within the transaction; more before it, so that others can write meanwhile."""
OnChange = Callable[[Iterable[Move]], object]
OnTools = Callable[[int, Sequence[compare.Change], datetime], object]


@dataclass(frozen=True, eq=False)
class StateWrite:
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
        self._full = asyncio.Event()
        self.most = DEFAULTS.metrics_buffer_size
        self._rollups = Rollups()
        self._company = Company()

    async def register(
        self, service_id: int, name: str, running: bool, now: datetime, epoch: int = 0
    ) -> Held:
        """A new service's first row; FencedError if another worker has the service."""
        snap, change = moves.register(running, now)
        held = Held(service_id, name, snap, 1, epoch=epoch)
        if not await self._writer.write_each(self._insert, StateWrite(held, snap, change, now)):
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
            prepared = await self._writer.do(offer.prepare, held.service_id, content, now)
        write = StateWrite(held, snap, change, now, dict(facts or {}), content, prepared)
        await self._company.joined()
        won = await self._writer.write_each(self._update, write)
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
        if len(self._checks) >= self.most:
            self._full.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write the routine checks every second, and when `most` wait, until *stop*; the last ones then."""
        while not stop.is_set():
            await self._pause(stop)
            if not stop.is_set():
                await self.flush()
        await self.flush()

    async def _pause(self, stop: asyncio.Event) -> None:
        """Until the second is over, the buffer is full or the worker stops."""
        ends = [asyncio.ensure_future(event.wait()) for event in (stop, self._full)]
        try:
            await asyncio.wait(ends, timeout=FLUSH_EVERY, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        self._full.clear()

    async def flush(self) -> None:
        """Write what has been taken so far."""
        checks, self._checks = self._checks, []
        if not checks:
            return
        try:
            await self._writer.write(routine.write, checks, self._fence, self._rollups)
        except OperationalError as exc:
            # The database is away. If it had them nevertheless, they are not counted again.
            self._checks[:0] = checks[-KEPT_UNWRITTEN:]
            log.warning("checks not written yet", count=len(checks), error=str(exc))
        except Error as exc:
            # The next check of each service writes what counts; only these dots on the chart are missing.
            log.warning("checks not written", count=len(checks), error=str(exc))

    def _insert(self, writes: Sequence[StateWrite]) -> list[bool]:
        """The first rows of new services; False for what another worker has."""
        ours = self._ours(writes)
        if ours:
            ServiceState.objects.bulk_create(
                ServiceState(service_id=write.held.service_id, **self._columns(write)) for write in ours
            )
            self._add_history(ours)
            feed.note(FeedItem.Kind.LIST, 0, ours[0].now)
        return [write in ours for write in writes]

    def _update(self, writes: Sequence[StateWrite]) -> list[bool | None]:
        """For each whether it was written; None for what another worker has."""
        ours = self._ours(writes)
        won = self._advance(ours)
        self._take_contents(won)
        if changed := [write for write in won if write.change is not None]:
            self._add_history(changed)
        gaps.follow(
            gaps.Doubt(write.held.service_id, write.snap.unsure, write.now)
            for write in won
            if bool(write.snap.unsure) != write.held.unsure
        )
        if won:
            feed.note_all(FeedItem.Kind.SERVICE, [write.held.service_id for write in won], won[0].now)
        # Last, so that nothing is counted that is called again or undone.
        for write in won:
            write.held.advanced(write.snap)
            write.held.unsure = bool(write.snap.unsure)
        return [write in won if write in ours else None for write in writes]

    def _ours(self, writes: Sequence[StateWrite]) -> list[StateWrite]:
        """Those whose lease is ours, which it stays until the transaction ends."""
        standing = self._fence.standing({(write.held.service_id, write.held.epoch) for write in writes})
        return [write for write in writes if write.held.service_id in standing]

    def _columns(self, write: StateWrite) -> dict[str, Any]:
        return snapshots.columns(write.snap) | {"worker": self._worker, "epoch": write.held.epoch}

    def _advance(self, writes: Sequence[StateWrite]) -> list[StateWrite]:
        """Those whose row was as we had left it; those with the same facts share a statement."""
        alike: dict[tuple[str, ...], list[tuple[StateWrite, tuple[Any, ...]]]] = {}
        for write in writes:
            stored = {**self._columns(write), **write.facts}
            alike.setdefault(tuple(stored), []).append((write, tuple(stored.values())))
        won = []
        for names, those in alike.items():
            written = rows.advance([(write.held, values) for write, values in those], names)
            won += [write for (write, _), done in zip(those, written, strict=True) if done]
        for write in writes:
            write.held.stale = write.held.stale or write not in won
        return won

    def _take_contents(self, writes: Sequence[StateWrite]) -> None:
        contents = {write.held.service_id: write.content for write in writes if write.content is not None}
        if not contents:
            return
        now = writes[0].now
        prepared = {write.held.service_id: write.prepared for write in writes if write.prepared is not None}
        for service_id, taken in offer.replace(contents, now, prepared).items():
            if taken.changes and self._on_tools is not None:
                self._on_tools(service_id, taken.changes, now)

    def _add_history(self, writes: Sequence[StateWrite]) -> None:
        """One line for each, and the alerts are told; each write has a change."""
        told = [(write, write.change) for write in writes if write.change is not None]
        StateChange.objects.bulk_create(self._line(write, change) for write, change in told)
        self._on_change(_moves(told))

    def _line(self, write: StateWrite, change: Change) -> StateChange:
        return StateChange(
            service_id=write.held.service_id,
            before=change.before.value if change.before else "",
            after=change.after.value,
            event=change.event,
            reason=change.reason[:300],
            error_kind=change.fault.kind.value if change.fault else "",
            error_message=change.fault.message if change.fault else "",
            at=write.now,
            worker=self._worker,
            epoch=write.held.epoch,
        )


def _moves(told: Sequence[tuple[StateWrite, Change]]) -> Iterator[Move]:
    """Their rows are read when somebody wants the first."""
    found = ServiceState.objects.select_related("service").in_bulk(
        [write.held.service_id for write, _ in told]
    )
    for write, change in told:
        yield Move(row=found[write.held.service_id], change=change, now=write.now)


def _tell(held: Held, change: Change) -> None:
    before = change.before.value if change.before else "-"
    log.info(f"{before} -> {change.after.value}", service=held.name, reason=change.reason[:300])
