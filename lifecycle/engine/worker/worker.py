"""The worker: looks at the rows, gives every service an owner, and passes commands on to them."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import Error, connection

from lifecycle.core.policy.policy import Policy
from lifecycle.core.timing.shares import SHARDS
from lifecycle.engine.context import EngineContext
from lifecycle.engine.host import identity
from lifecycle.engine.leases import leases
from lifecycle.engine.leases.fence import Fence, LeaseFence
from lifecycle.engine.leases.manager import LeaseManager
from lifecycle.engine.maintenance import retention
from lifecycle.engine.maintenance.tasks import Maintenance
from lifecycle.engine.recording.record import OnChange, OnTools, Recorder
from lifecycle.engine.recording.writer import Writer
from lifecycle.engine.session.connection import Connector
from lifecycle.engine.trials.inbox import TrialInbox
from lifecycle.engine.worker import desired_state
from lifecycle.engine.worker.desired_state import Outlook, Sight, Wanted
from lifecycle.engine.worker.lag import LagWatch
from lifecycle.engine.worker.owners import Owners
from lifecycle.engine.worker.policies import Policies
from lifecycle.engine.worker.reconnection import Lanes
from lifecycle.live.feed.wake_up import Waker
from lifecycle.monitoring.telemetry import tool_calls
from registry.installation import planning, trouble

log = structlog.get_logger("lifecycle.worker")
LOOK_AT_LEAST_EVERY = 1.0
CLOSE_GENTLY_WITHIN = 9.0
CLOSE_AT_ALL_WITHIN = 2.0


def worker_name() -> str:
    """Host and process; with a mark of its own where workers of containers that look alike may share."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    return f"{name[:90]}-{secrets.token_hex(3)}" if connection.vendor == "postgresql" else name[:100]


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """What the worker does for the alerts: tell them of changes and of time, and let them deliver.

    Of several workers one delivers: the second argument of `deliver` tells whether it is this one now.
    """

    on_change: OnChange
    tick: Callable[[datetime], int]
    deliver: Callable[[asyncio.Event, Callable[[], bool]], Awaitable[None]]
    on_tools: OnTools | None = None


class Worker:
    """Knows no argv and no signal; `stop` may be called at any time, in the event loop."""

    def __init__(
        self,
        *,
        name: str,
        connector: Connector,
        clock: Callable[[], datetime],
        alerts: Alerts,
        policy: Callable[[Wanted], Policy] | None = None,
    ) -> None:
        self.name, self._clock, self._alerts = name, clock, alerts
        self.writer, self._policies = Writer(), Policies()
        self.fence = LeaseFence(name) if connection.vendor == "postgresql" else Fence()
        self.context = EngineContext(
            connector=connector,
            writer=self.writer,
            recorder=Recorder(self.writer, name, alerts.on_change, self.fence, alerts.on_tools),
            lanes=Lanes(),
            lag=LagWatch(self.writer),
            clock=clock,
            chance=random.random,
            policy=policy or self._policies.of,
            fence=self.fence,
            telemetry=tool_calls.sender(name),
        )
        self._outlook = Outlook(name, self.fence)
        self._owners = Owners(self.context, self._outlook)
        self._trials = TrialInbox(name, self.context)
        self.context.lag.on_pause = self._owners.paused
        self._stop = asyncio.Event()
        self.maintenance = Maintenance(
            name, self.context, self._owners, self._policies, alerts.tick, self._stop
        )
        self._lease_manager = self._make_lease_manager()

    def _make_lease_manager(self) -> LeaseManager | None:
        """Only where several workers share the services."""
        if not isinstance(self.fence, LeaseFence):
            return None
        abandon = self._owners.abandon
        return LeaseManager(self.fence, self.writer, part=self._part, abandon=abandon, taken=self._inherit)

    def stop(self) -> None:
        """End `run`: close what is open, leave every state as it is."""
        self._stop.set()

    async def run(self) -> None:
        """Until `stop`."""
        await self._prepare()
        log.info("worker started", worker=self.name)
        delivering = _as_coroutine(self._alerts.deliver(self._stop, lambda: self.fence.house))
        keeping = [self._lease_manager.run(self._stop)] if self._lease_manager else []
        side = [asyncio.create_task(work) for work in [*keeping, *self.maintenance.all(), delivering]]
        try:
            await self._reconcile_until_stopped(side)
        finally:
            self._stop.set()
            await self._finish(side)
            log.info("worker stopped", worker=self.name)

    async def _prepare(self) -> None:
        """End what a killed worker left behind: its processes, and the commands that it had taken."""
        swept = await self.context.connector.sweep()
        if swept:
            log.warning("ended child processes that a killed worker left behind", count=swept)
        await self.writer.do(planning.analyse_new)
        await self.maintenance.look_at_policies()
        now, host = self._clock(), socket.gethostname()[:200]
        if self._lease_manager is None:
            await self.writer.write(desired_state.put_back_commands, now)
        await self.writer.do(retention.started, self.name, host, os.getpid(), now, identity.here())
        if self._lease_manager is not None:
            await self.writer.do(leases.prepare)
            await self._lease_manager.round()

    def _inherit(self, taken: Mapping[int, int]) -> None:
        """These shards are ours from now on; renewing them must not wait for the writer."""
        self.context.spawn(self._take_up(taken))

    async def _take_up(self, taken: Mapping[int, int]) -> None:
        try:
            await self.writer.write(desired_state.put_back_inherited, taken, self._clock())
        except Error as exc:
            trouble.warn(exc)
        self._outlook.forget()

    async def _part(self, shards: Collection[int]) -> None:
        """Stop acting on these shards and write down all that is known of them."""
        await self._owners.part(shards)
        await self.context.recorder.flush()
        await self.maintenance.keep_logs()
        await self.writer.write(desired_state.put_back_own, self.name, shards, self._clock())

    async def _reconcile_until_stopped(self, side: list[asyncio.Task[Any]]) -> None:
        waker, stopping = Waker(), asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                await self.look()
                rest = asyncio.create_task(waker.wait(LOOK_AT_LEAST_EVERY))
                running = [task for task in side if not task.done()]
                await asyncio.wait({rest, stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
                rest.cancel()
                _raise_first_failure(side)
        finally:
            stopping.cancel()
            waker.close()

    async def look(self) -> int:
        """One look at the rows; returns how much there was to do."""
        try:
            sight = await self.writer.do(self._outlook.look, self._clock())
            await self._apply(sight)
            await self._trials.look()
        except Error as exc:
            trouble.warn(exc)
            self._outlook.forget()
            return 0
        return len(sight.changed) + len(sight.gone) + len(sight.commands)

    async def _apply(self, sight: Sight) -> None:
        await self._owners.apply(sight)
        if sight.everyone is not None:
            held = self._owners.open_commands()
            await self.writer.write(desired_state.put_back_lost_commands, self.name, held, self._clock())
        if sight.export_behind:
            await self.writer.do(retention.export, self._clock())

    async def _finish(self, side: list[asyncio.Task[Any]]) -> None:
        """Close everything, gently first; what is not closed then ends with its supervisor."""
        tasks = [*self._owners.release(), *side, *self.context.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_GENTLY_WITHIN)
        for task in tasks:
            task.cancel()
        await asyncio.wait(
            {asyncio.create_task(self.context.connector.aclose())}, timeout=CLOSE_AT_ALL_WITHIN
        )
        await self.context.sign_ins.aclose()
        await self.context.recorder.flush()
        await self.maintenance.keep_logs()
        if self._lease_manager is None:
            await self.writer.write(desired_state.put_back_commands, self._clock())
        else:
            await self.writer.write(desired_state.put_back_own, self.name, range(SHARDS), self._clock())
            await self._lease_manager.leave()
        await self.writer.do(retention.stopped, self.name, self._clock())
        self.writer.close()
        await asyncio.to_thread(self.context.telemetry.close)


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


def _raise_first_failure(tasks: list[asyncio.Task[Any]]) -> None:
    """A bug in the side work ends the worker, so that it is seen and restarted."""
    for task in tasks:
        if task.done():
            task.result()
