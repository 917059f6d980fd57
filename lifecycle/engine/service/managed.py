"""One service as a worker has it: its row, its connection, what is under way, and the moves between states.

The parts of the engine that carry something out take this; none of them knows the owner's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from lifecycle.core.health.verdict import Fault
from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.policy.policy import Policy
from lifecycle.engine.context import EngineContext
from lifecycle.engine.recording import snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.engine.service import checking, dependency_gate
from lifecycle.engine.service.activity import Activity, Doing
from lifecycle.engine.service.closing import Closer
from lifecycle.engine.service.commands.inbox import CommandInbox
from lifecycle.engine.service.commands.next_connection import Arrivals
from lifecycle.engine.service.schedule import Schedule
from lifecycle.engine.service.wake_up import WakeUp
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.session.lists.content import Content
from lifecycle.engine.worker.desired_state import Wanted, rows_of
from lifecycle.signin.flow.bearer import Bearer


class ManagedService:
    """One service, for the owner's loop and for those who carry out commands and results.

    `applied` is the revision it runs with, `mode` how it is connected, `failing` that attempts have failed.
    `lost` is why the connection has ended, until that is recorded; `start_reason` why it is to be started
    when it has stopped; `bearer` is the token it presents, `signed` who signed in or out and that has yet to
    take effect; `attempt` changes whenever what an earlier attempt to connect says counts no more.
    """

    def __init__(self, context: EngineContext, wanted: Wanted, held: Held) -> None:
        self.context, self.wanted, self.held = context, wanted, held
        self.connection: Connection | None = None
        self.values: frozenset[str] = frozenset()
        self.bearer: Bearer | None = None
        self.signed: tuple[str, bool] | None = None
        self.wake_up = WakeUp()
        self.inbox = CommandInbox(context, self.wake_up.ring)
        self.waiting = self.inbox.waiting
        self.schedule = Schedule()
        self.checks = checking.Memory()
        self.arrivals = Arrivals()
        self.activity = Activity(self.wake_up.ring)
        self._closer = Closer(context)
        self.attempt = 0
        self.lost: Fault | None = None
        self.start_reason = ""
        self.applied: int = held.facts.get("revision_applied", 0)
        self.mode: str = held.facts.get("connect_mode") or "auto"
        self.failing = held.snapshot.state in (State.RECONNECTING, State.UNREACHABLE)
        self.schedule.plan_retry(self.snap, context.clock())

    @property
    def snap(self) -> Snapshot:
        return self.held.snapshot

    def known_secret(self) -> frozenset[str]:
        """What must not be shown: the values it was given, and the tokens of this moment."""
        return self.values | self.bearer.secret if self.bearer else self.values

    @property
    def policy(self) -> Policy:
        return self.context.policy(self.wanted)

    @property
    def asked(self) -> bool:
        """Whether somebody waits for an attempt to connect: no dependency holds that back."""
        return self.waiting.any("connect")

    async def start(self, reason: str) -> None:
        """From DISCONNECTED to INITIALIZING."""
        self.failing = False
        await self.record(*moves.start(self.snap, self.context.clock(), reason))
        self.start_reason = ""

    async def retry(self, reason: str) -> None:
        """Forget past failures and connect anew, now."""
        await self.record(*moves.reconnect(self.snap, self.context.clock(), reason))
        self.schedule.retry_in(0)

    async def stop(self, reason: str, *, force: bool = False) -> None:
        """To DISCONNECTING, and on to DISCONNECTED when everything is closed."""
        await self.record(*moves.stop(self.snap, self.context.clock(), reason))
        await self.waiting.refuse(f"it was stopped in the meantime ({reason})", but="close")
        self.arrivals.settle(None)
        self.close(force=force)

    def close(self, *, force: bool) -> None:
        """Close the connection as the activity from now on; its end is that of the service."""
        self.drop(force=force)
        self.activity.begin(Doing.CLOSE, self._closer.idle())

    def drop(self, *, force: bool) -> None:
        """Close the connection in the background; the next attempt waits until that is done."""
        leftover = self.abandon_activity()
        connection, self.connection = self.connection, None
        self._closer.close(connection, leftover, force=force)

    def hurry(self) -> None:
        """Close by force what is being closed gently."""
        self._closer.hurry()

    async def closed(self) -> None:
        """Wait until all that was dropped is closed."""
        await self._closer.idle()

    def abandon_activity(self) -> asyncio.Task[Any] | None:
        """Give up the activity and turn deaf to its connection; returns a task that may yet open one."""
        self.attempt += 1
        self.lost = None
        return self.activity.abandon()

    async def other_connection(self, old: Connection | None, limit: float) -> Connection | None:
        """A connection other than *old*; None if none comes within *limit* seconds."""
        if self.connection not in (None, old):
            return self.connection
        return await self.arrivals.next(limit)

    async def record(
        self,
        snap: Snapshot,
        change: moves.Change | None,
        *,
        tried: bool = False,
        facts: Mapping[str, Any] | None = None,
        content: Content | None = None,
    ) -> None:
        """Write it down, then plan by it. If somebody else was faster the row is read again first.

        *tried*: an attempt to connect has ended.
        """
        context, needs = self.context, self.context.relations.needs(self.wanted.id)
        snap = dependency_gate.marked(snap, needs, context.clock(), asked=self.asked and not tried)
        now = context.clock()
        won = await context.recorder.change(self.held, snap, change, now, facts=facts, content=content)
        if won and change is not None:
            context.relations.moved(self.wanted.id, snap.state)
        if self.held.stale:
            self.wake_up.ring()
        self.schedule.plan_retry(self.snap, context.clock())

    async def read_again(self) -> None:
        """Somebody else wrote the row, or our write failed: what it says now is what counts."""
        rows = await self.context.writer.do(rows_of, [self.held.service_id])
        row = rows[self.held.service_id]
        self.held.read(snapshots.read(row), row.version)
        if self.snap.state not in SERVING:
            self.drop(force=True)
        self.context.relations.moved(self.wanted.id, self.snap.state)
        self.schedule.plan_retry(self.snap, self.context.clock())
