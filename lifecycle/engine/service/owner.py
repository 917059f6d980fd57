"""One task per service: does what its rows ask, one thing at a time, and writes down what came of it.

The loop never waits for a server. Connecting, checking, listing and closing run as one activity beside it, so
that a stop, a changed configuration or a lost connection is heard at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from django.db import Error

from lifecycle.core.health.verdict import Fault
from lifecycle.core.machine.states import CONNECTING, SERVING, State
from lifecycle.core.policy.policy import Policy
from lifecycle.engine.context import EngineContext
from lifecycle.engine.recording.held import Held
from lifecycle.engine.service import attempts, checking, dependency_gate, outcomes, reconcile
from lifecycle.engine.service.activity import Doing
from lifecycle.engine.service.attempts import Opened, Refused
from lifecycle.engine.service.commands import handlers, signing
from lifecycle.engine.service.managed import ManagedService
from lifecycle.engine.service.reconcile import Need, Step
from lifecycle.engine.service.schedule import NEVER
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.worker.desired_state import Wanted
from lifecycle.models import Command
from registry.installation import trouble

log = structlog.get_logger("lifecycle.owner")
AFTER_DATABASE_TROUBLE = 1.0


class Owner:
    """Holds one service. `want`, `tell` and `release` are called by the worker, in the event loop."""

    __slots__ = ("_abandoned", "_released", "ended", "gone", "service")

    def __init__(self, context: EngineContext, wanted: Wanted, held: Held) -> None:
        self.service = ManagedService(context, wanted, held)
        self.gone = self.ended = self._released = self._abandoned = False
        context.relations.join(wanted.id, self, held.snapshot.state)

    @property
    def wanted(self) -> Wanted:
        return self.service.wanted

    @property
    def policy(self) -> Policy:
        return self.service.policy

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self.service.activity.busy

    def want(self, wanted: Wanted | None) -> None:
        """The registry says something new of this service; None is that it is gone."""
        self.gone = wanted is None
        self.service.wanted = wanted or self.wanted
        self.service.wake_up.ring()

    def reconsider(self) -> None:
        """A dependency changed: hold back, or go on."""
        self.service.wake_up.ring()

    def check_soon(self) -> None:
        """Another service that needs this one is lost: look whether this one is the cause."""
        self.service.schedule.check_soon()
        self.service.wake_up.ring()

    @property
    def wanted_again(self) -> bool:
        """Whether it was restored while it let go of the last."""
        return self.ended and not self.gone

    def replan(self) -> None:
        """The policy changed: nothing is due later than if it were planned now."""
        self.service.schedule.hasten(self.policy, self.service.context.chance())
        self.service.wake_up.ring()

    def paused(self) -> None:
        """The whole worker stood still for a while."""
        self.service.schedule.after_pause(self.policy, self.service.context.chance())

    def tell(self, command: Command) -> None:
        """An operator asks for something."""
        self.service.inbox.add(command)

    def release(self) -> None:
        """The worker stops: let go of the connection and leave the state as it is."""
        self._released = True
        self.service.wake_up.ring()

    @property
    def released(self) -> bool:
        """Whether somebody else is to go on with the service; its commands are not to be answered then."""
        return self._released

    def abandon(self) -> None:
        """Another worker may have the service already: close by force. The caller cancels the task."""
        self._released = self._abandoned = True

    def open_commands(self) -> list[Command]:
        """Those that are not yet answered."""
        return self.service.inbox.open()

    async def run(self) -> None:
        """Until released, or until a removed service is closed."""
        service = self.service
        try:
            while not (self._released or self.ended):
                service.wake_up.hush()
                await self._turn_safely()
                if not (self._released or self.ended):
                    await service.wake_up.heard(self._next_due())
        finally:
            service.context.relations.leave(self.wanted.id, self)
            service.arrivals.settle(None)
            await self._let_go()

    async def _turn_safely(self) -> None:
        """A database that fails is our own fault: nothing is concluded, and the row is read again."""
        try:
            await self._turn()
        except Error as exc:
            trouble.warn(exc)
            self.service.held.stale = True
            await asyncio.sleep(AFTER_DATABASE_TROUBLE)
            self.service.wake_up.ring()

    async def _turn(self) -> None:
        service = self.service
        if service.held.stale:
            await service.read_again()
        if (finished := service.activity.harvest()) is not None:
            await outcomes.fold(service, finished)
        while (command := service.inbox.next()) is not None:
            await handlers.obey(service, command)
            service.inbox.begun()
        await signing.take_effect(service)
        await self._reconcile()
        if service.lost is not None:
            await outcomes.fall(service, service.lost)
        await self._hold_back_or_go_on()
        self._begin_what_is_due()

    async def _reconcile(self) -> None:
        service = self.service
        found = reconcile.need(
            service.snap,
            self.wanted,
            gone=self.gone,
            applied=service.applied,
            start_reason=service.start_reason,
        )
        if found is not None:
            if found.step in (Step.RESTART, Step.RETRY, Step.NOTE):
                service.applied = self.wanted.revision
            await self._meet(found)

    async def _meet(self, need: Need) -> None:
        service = self.service
        match need.step:
            case Step.STOP:
                await service.stop(need.reason)
            case Step.REST:
                await service.waiting.refuse("it was stopped in the meantime", but="close")
                self.ended = self.gone
            case Step.START:
                await service.start(need.reason)
            case Step.RESTART:
                service.start_reason = need.reason
                await service.stop(need.reason)
            case Step.RETRY:
                service.abandon_activity()
                await service.retry(need.reason)

    async def _hold_back_or_go_on(self) -> None:
        """As the dependencies say now; an attempt that is under way or asked for goes on to its end."""
        service = self.service
        if service.asked or self.busy:
            return
        needs = service.context.relations.needs(self.wanted.id)
        step = dependency_gate.step(service.snap, needs, service.context.clock())
        if step is not None:
            await service.record(*step)

    def _begin_what_is_due(self) -> None:
        """At most one activity at a time, the most needed first."""
        service = self.service
        if self.busy:
            return
        schedule, state = service.schedule, service.snap.state
        now = schedule.now()
        if state is State.DISCONNECTING:
            service.close(force=True)
        elif service.connection is None:
            if (state in SERVING or state in CONNECTING) and now >= schedule.retry_at:
                self._begin_connecting()
        elif service.waiting.any("refresh") or now >= schedule.refresh_at:
            self._begin_listing(service.connection)
        elif service.waiting.any("check") or (now >= schedule.check_at and not service.inbox.calling):
            self._begin_check(service.connection, min(schedule.check_at, now))

    def _begin_listing(self, connection: Connection) -> None:
        service = self.service
        service.schedule.listing()
        service.activity.begin(Doing.REFRESH, attempts.refresh(connection, self.policy, service.known_secret))

    def _begin_check(self, connection: Connection, due: float) -> None:
        service = self.service
        work = checking.check(
            service.context,
            connection,
            due,
            service=self.wanted.id,
            policy=self.policy,
            checks=service.checks,
            secret=service.known_secret,
        )
        service.activity.begin(Doing.CHECK, work)

    def _begin_connecting(self) -> None:
        service = self.service
        service.attempt += 1
        mine = service.attempt

        def lost(fault: Fault) -> None:
            if mine == service.attempt:
                service.lost = fault
                service.wake_up.ring()

        def tools_changed() -> None:
            if mine == service.attempt:
                service.schedule.refresh_soon()
                service.wake_up.ring()

        service.schedule.listing()
        service.activity.begin(Doing.CONNECT, self._connect(lost, tools_changed))

    async def _connect(
        self, lost: Callable[[Fault], None], tools_changed: Callable[[], None]
    ) -> Opened | Refused:
        service = self.service
        await service.closed()
        return await attempts.connect(
            service.context,
            self.wanted,
            self.policy,
            mode=service.mode,
            failing=service.failing,
            asked=service.asked,
            checks=service.checks,
            on_lost=lost,
            on_tools_changed=tools_changed,
        )

    def _next_due(self) -> float | None:
        """When there is something to do that nobody tells of."""
        service, schedule = self.service, self.service.schedule
        if self.busy:
            return None
        if service.connection is not None:
            due = schedule.refresh_at
            return due if service.inbox.calling else min(schedule.check_at, due)
        connects = service.snap.state in CONNECTING or service.snap.state in SERVING
        return schedule.retry_at if connects and schedule.retry_at < NEVER else None

    async def _let_go(self) -> None:
        """Close without a transition: a stop of the worker is not a stop of the service."""
        self.service.drop(force=self._abandoned)
        await self.service.closed()
