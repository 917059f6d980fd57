"""One task per service: does what its rows ask, one thing at a time, and writes down what came of it.

The loop never waits for a server. Connecting, checking, listing and closing run as one activity beside it, so
that a stop, a changed configuration or a lost connection is heard at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from django.db import Error

from lifecycle.core import machine
from lifecycle.core.health import Fault
from lifecycle.core.machine import Snapshot
from lifecycle.core.policy import Policy
from lifecycle.core.states import CONNECTING, SERVING, State
from lifecycle.engine import attempts, checking, holdback, levelling, orders, outcomes, snapshots
from lifecycle.engine.activity import Activity, Doing
from lifecycle.engine.agenda import NEVER, Agenda
from lifecycle.engine.attempts import Opened, Refused
from lifecycle.engine.bell import Bell
from lifecycle.engine.closing import Closer
from lifecycle.engine.connection import Connection
from lifecycle.engine.errands import Errands
from lifecycle.engine.looking import Wanted, rows_of
from lifecycle.engine.recording import Held
from lifecycle.engine.shop import Shop
from lifecycle.models import Command

log = structlog.get_logger("lifecycle.owner")
AFTER_DATABASE_TROUBLE = 1.0


class Owner:
    """Holds one service. `want`, `tell` and `release` are called by the worker, in the event loop."""

    def __init__(self, shop: Shop, wanted: Wanted, held: Held) -> None:
        self.shop, self.wanted, self.held = shop, wanted, held
        self.connection: Connection | None = None
        self.secret: frozenset[str] = frozenset()
        self._bell = Bell()
        self._errands = Errands(shop, self._bell.ring)
        self.waiting = self._errands.waiting
        self.agenda = Agenda()
        self.checks = checking.Memory()
        self.start_reason = ""
        self._activity = Activity(self._bell.ring)
        self._closer = Closer(shop)
        self._attempt = 0
        self.lost: Fault | None = None
        self.applied: int = held.facts.get("revision_applied", 0)
        self.mode: str = held.facts.get("connect_mode") or "auto"
        self.failing = held.snapshot.state in (State.RECONNECTING, State.UNREACHABLE)
        self.gone = self.ended = self._released = self._abandoned = False
        self.agenda.plan_retry(self.snap, self.shop.clock())
        shop.relations.join(wanted.id, self, self.snap.state)

    @property
    def snap(self) -> Snapshot:
        return self.held.snapshot

    @property
    def policy(self) -> Policy:
        return self.shop.policy(self.wanted)

    @property
    def asked(self) -> bool:
        """Whether somebody waits for an attempt to connect: no dependency holds that back."""
        return self.waiting.any("connect")

    @property
    def busy(self) -> bool:
        return self._activity.busy

    def want(self, wanted: Wanted | None) -> None:
        """The registry says something new of this service; None is that it is gone."""
        self.gone = wanted is None
        self.wanted = wanted or self.wanted
        self._bell.ring()

    def reconsider(self) -> None:
        """A dependency changed: hold back, or go on."""
        self._bell.ring()

    def check_soon(self) -> None:
        """Another service that needs this one is lost: look whether this one is the cause."""
        self.agenda.check_soon()
        self._bell.ring()

    @property
    def wanted_again(self) -> bool:
        """Whether it was restored while it let go of the last."""
        return self.ended and not self.gone

    def replan(self) -> None:
        """The policy changed: nothing is due later than if it were planned now."""
        self.agenda.hasten(self.policy, self.shop.chance())
        self._bell.ring()

    def paused(self) -> None:
        """The whole worker stood still for a while."""
        self.agenda.after_pause(self.policy, self.shop.chance())

    def tell(self, command: Command) -> None:
        """An operator asks for something."""
        self._errands.add(command)

    def release(self) -> None:
        """The worker stops: let go of the connection and leave the state as it is."""
        self._released = True
        self._bell.ring()

    @property
    def released(self) -> bool:
        """Whether somebody else is to go on with the service; its commands are not to be answered then."""
        return self._released

    def abandon(self) -> None:
        """Another worker may have the service already: close by force. The caller cancels the task."""
        self._released = self._abandoned = True

    def calling(self, command: Command, work: Coroutine[Any, Any, None]) -> None:
        """A tool call runs beside everything else; checks wait for it, for some servers do one at a time."""
        self._errands.call(command, work)

    def open_commands(self) -> list[Command]:
        """Those that are not yet answered."""
        return self._errands.open()

    async def run(self) -> None:
        """Until released, or until a removed service is closed."""
        try:
            while not (self._released or self.ended):
                self._bell.hush()
                await self._turn_safely()
                if not (self._released or self.ended):
                    await self._bell.heard(self._next_due())
        finally:
            self.shop.relations.leave(self.wanted.id, self)
            await self._let_go()

    async def _turn_safely(self) -> None:
        """A database that fails is our own fault: nothing is concluded, and the row is read again."""
        try:
            await self._turn()
        except Error as exc:
            log.warning("database trouble", service=self.wanted.name, error=str(exc))
            self.held.stale = True
            await asyncio.sleep(AFTER_DATABASE_TROUBLE)
            self._bell.ring()

    async def _turn(self) -> None:
        if self.held.stale:
            await self._read_again()
        if (finished := self._activity.harvest()) is not None:
            await outcomes.fold(self, finished)
        while (command := self._errands.next()) is not None:
            await orders.obey(self, command)
            self._errands.begun()
        await levelling.level(self)
        if self.lost is not None:
            await outcomes.fall(self, self.lost)
        await holdback.settle(self)
        self._begin_what_is_due()

    async def _read_again(self) -> None:
        """Somebody else wrote the row, or our write failed: what it says now is what counts."""
        rows = await self.shop.writer.do(rows_of, [self.held.service_id])
        row = rows[self.held.service_id]
        self.held.snapshot, self.held.version, self.held.stale = snapshots.read(row), row.version, False
        if self.snap.state not in SERVING:
            self.drop(force=True)
        self.shop.relations.moved(self.wanted.id, self.snap.state)
        self.agenda.plan_retry(self.snap, self.shop.clock())

    async def start(self, reason: str) -> None:
        """From DISCONNECTED to INITIALIZING."""
        self.failing = False
        await self.record(*machine.start(self.snap, self.shop.clock(), reason))
        self.start_reason = ""

    async def retry(self, reason: str) -> None:
        """Forget past failures and connect anew, now."""
        await self.record(*machine.reconnect(self.snap, self.shop.clock(), reason))
        self.agenda.retry_in(0)

    async def stop(self, reason: str, *, force: bool = False) -> None:
        """To DISCONNECTING, and on to DISCONNECTED when everything is closed."""
        await self.record(*machine.stop(self.snap, self.shop.clock(), reason))
        await self.waiting.refuse(f"it was stopped meanwhile ({reason})", but="close")
        self.drop(force=force)
        self._activity.begin(Doing.CLOSE, self._closer.idle())

    def hurry(self) -> None:
        """Close by force what is being closed gently."""
        self._closer.hurry()

    def drop(self, *, force: bool) -> None:
        """Close the connection in the background; the next attempt waits until that is done."""
        leftover = self.abandon_activity()
        connection, self.connection = self.connection, None
        self._closer.close(connection, leftover, force=force)

    def abandon_activity(self) -> asyncio.Task[Any] | None:
        """Give up the activity and turn deaf to its connection; returns a task that may yet open one."""
        self._attempt += 1
        self.lost = None
        return self._activity.abandon()

    def _begin_what_is_due(self) -> None:
        """At most one activity at a time, the most needed first."""
        if self._activity.busy:
            return
        now, state = self.agenda.now(), self.snap.state
        if state is State.DISCONNECTING:
            self.drop(force=True)
            self._activity.begin(Doing.CLOSE, self._closer.idle())
        elif self.connection is None:
            if (state in SERVING or state in CONNECTING) and now >= self.agenda.retry_at:
                self._begin_connecting()
        elif self.waiting.any("refresh") or now >= self.agenda.refresh_at:
            self.agenda.listing()
            self._activity.begin(Doing.REFRESH, attempts.refresh(self.connection, self.policy, self.secret))
        elif self.waiting.any("check") or (now >= self.agenda.check_at and not self._errands.calling):
            due = min(self.agenda.check_at, now)
            self._activity.begin(Doing.CHECK, checking.check(self, self.connection, due))

    def _begin_connecting(self) -> None:
        self._attempt += 1
        mine = self._attempt

        def lost(fault: Fault) -> None:
            if mine == self._attempt:
                self.lost = fault
                self._bell.ring()

        def tools_changed() -> None:
            if mine == self._attempt:
                self.agenda.refresh_soon()
                self._bell.ring()

        self.agenda.listing()
        self._activity.begin(Doing.CONNECT, self._connect(lost, tools_changed))

    async def _connect(self, lost: Any, tools_changed: Any) -> Opened | Refused:
        await self._closer.idle()
        return await attempts.connect(
            self.shop,
            self.wanted,
            self.policy,
            mode=self.mode,
            failing=self.failing,
            asked=self.waiting.any("connect"),
            on_lost=lost,
            on_tools_changed=tools_changed,
        )

    def _next_due(self) -> float | None:
        """When there is something to do that nobody tells of."""
        if self._activity.busy:
            return None
        if self.connection is not None:
            due = self.agenda.refresh_at
            return due if self._errands.calling else min(self.agenda.check_at, due)
        connects = self.snap.state in CONNECTING or self.snap.state in SERVING
        return self.agenda.retry_at if connects and self.agenda.retry_at < NEVER else None

    async def record(
        self, snap: Snapshot, change: machine.Change | None, *, tried: bool = False, **more: Any
    ) -> None:
        """Write it down, then plan by it. If somebody else was faster the row is read again first.

        *tried*: an attempt to connect has ended.
        """
        snap = holdback.marked(self, snap, tried=tried)
        won = await self.shop.recorder.change(self.held, snap, change, self.shop.clock(), **more)
        if won and change is not None:
            self.shop.relations.moved(self.wanted.id, snap.state)
        if self.held.stale:
            self._bell.ring()
        self.agenda.plan_retry(self.snap, self.shop.clock())

    async def _let_go(self) -> None:
        """Close without a transition: a stop of the worker is not a stop of the service."""
        self.drop(force=self._abandoned)
        await self._closer.idle()
