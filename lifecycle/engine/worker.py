"""The worker: looks at the rows, gives every service an owner, and passes commands on to them."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import Error

from lifecycle import batches
from lifecycle.core.policy import Policy
from lifecycle.engine import logbook, looking, sampling, snapshots, upkeep
from lifecycle.engine.connection import Connector
from lifecycle.engine.lag import LagWatch
from lifecycle.engine.looking import Outlook, Sight, Wanted
from lifecycle.engine.owner import Owner
from lifecycle.engine.policies import Policies
from lifecycle.engine.reconnection import Lanes
from lifecycle.engine.recording import Held, OnChange, Recorder
from lifecycle.engine.shop import Shop
from lifecycle.engine.writer import Writer
from lifecycle.models import Command
from lifecycle.wakeup import Waker
from registry import drifting, mcpjson
from registry.models import Desired

log = structlog.get_logger("lifecycle.worker")
LOOK_AT_LEAST_EVERY = 1.0
SIGN_OF_LIFE_EVERY = 5.0
FILE_EVERY = 2.0
POLICIES_EVERY = 0.5
BATCHES_EVERY = 0.5
PRUNE_EVERY = 60.0
LOGS_EVERY = 1.0
SAMPLE_EVERY = 10.0
AFTER_A_CRASH = 5.0
CLOSE_GENTLY_WITHIN = 9.0
CLOSE_AT_ALL_WITHIN = 2.0
CRASHED = "an error of the console itself came between; the worker's log has it"
NO_SERVICE = "there is no such service any more"


def worker_name() -> str:
    """Host and process: two workers never share it, and a restart in a container takes its own rows over."""
    return f"{socket.gethostname()}-{os.getpid()}"[:100]


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """What the worker does for the alerts: tell them of changes and of time, and let them deliver."""

    on_change: OnChange
    tick: Callable[[datetime], int]
    deliver: Callable[[asyncio.Event], Awaitable[None]]


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
        self.writer = Writer()
        self._policies = Policies()
        lag = LagWatch(self.writer)
        self.shop = Shop(
            connector=connector,
            writer=self.writer,
            recorder=Recorder(self.writer, name, alerts.on_change),
            lanes=Lanes(),
            lag=lag,
            clock=clock,
            chance=random.random,
            policy=policy or self._policies.of,
        )
        self._outlook = Outlook(name)
        self._owners: dict[int, Owner] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._pruning = upkeep.Pruning()
        self._sampler = sampling.Sampler()
        self._file = drifting.Watch()

    def stop(self) -> None:
        """End `run`: close what is open, leave every state as it is."""
        self._stop.set()

    async def run(self) -> None:
        """Until `stop`."""
        await self._prepare()
        log.info("worker started", worker=self.name)
        side = [asyncio.create_task(work) for work in self._side_work()]
        try:
            await self._reconcile_until_stopped(side)
        finally:
            self._stop.set()
            await self._finish(side)
            log.info("worker stopped", worker=self.name)

    def _side_work(self) -> list[Coroutine[Any, Any, Any]]:
        return [
            self.shop.lag.run(self._stop),
            self.shop.recorder.run(self._stop),
            self._every(SIGN_OF_LIFE_EVERY, self._sign),
            self._every(1.0, self._tick),
            self._every(FILE_EVERY, self._look_at_file),
            self._every(POLICIES_EVERY, self._look_at_policies),
            self._every(BATCHES_EVERY, self._advance_batches),
            self._every(PRUNE_EVERY, self._prune),
            self._every(LOGS_EVERY, self._keep_logs),
            self._every(SAMPLE_EVERY, self._sample),
            _as_coroutine(self._alerts.deliver(self._stop)),
        ]

    async def _prepare(self) -> None:
        """End what a killed worker left behind: its processes, and the commands that it had taken."""
        swept = await self.shop.connector.sweep()
        if swept:
            log.warning("ended child processes that a killed worker left behind", count=swept)
        await self._look_at_policies()
        now = self._clock()
        await self.writer.write(looking.put_back_commands, now)
        await self.writer.do(upkeep.started, self.name, socket.gethostname()[:200], os.getpid(), now)

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
        except Error as exc:
            log.warning("database trouble", error=str(exc))
            self._outlook.forget()
            return 0
        return len(sight.changed) + len(sight.gone) + len(sight.commands)

    async def _apply(self, sight: Sight) -> None:
        await self._adopt([wanted for wanted in sight.changed if wanted.id not in self._owners])
        for wanted in sight.changed:
            self._owners[wanted.id].want(wanted)
        missing = set() if sight.everyone is None else self._owners.keys() - sight.everyone
        for service_id in (sight.gone | missing) & self._owners.keys():
            self._owners[service_id].want(None)
        for command in sight.commands:
            await self._pass_on(command)
        if sight.everyone is not None:
            held = [command.pk for owner in self._owners.values() for command in owner.open_commands()]
            await self.writer.write(looking.put_back_lost_commands, self.name, held, self._clock())
        if sight.export_behind:
            await self.writer.do(mcpjson.export_pending, author="", now=self._clock())

    async def _adopt(self, fresh: list[Wanted]) -> None:
        """Give new services their owners, and a first row to those that have none."""
        rows = await self.writer.do(looking.rows_of, [wanted.id for wanted in fresh])
        unknown = [wanted for wanted in fresh if wanted.id not in rows]
        registered = await asyncio.gather(*(self._register(wanted) for wanted in unknown))
        held = {one.service_id: one for one in registered}
        for service_id, row in rows.items():
            facts = {name: getattr(row, name) for name in ("revision_applied", "connect_mode", "tools_count")}
            held[service_id] = Held(service_id, "", snapshots.read(row), row.version, facts)
        for wanted in fresh:
            held[wanted.id].name = wanted.name
            self._own(Owner(self.shop, wanted, held[wanted.id]))

    async def _register(self, wanted: Wanted) -> Held:
        running = wanted.desired == Desired.RUNNING
        return await self.shop.recorder.register(wanted.id, wanted.name, running, self._clock())

    def _own(self, owner: Owner) -> None:
        service_id = owner.wanted.id
        self._owners[service_id] = owner
        task = self._tasks[service_id] = asyncio.create_task(owner.run())
        task.add_done_callback(lambda ended: self._ended(owner, ended))

    def _ended(self, owner: Owner, task: asyncio.Task[None]) -> None:
        """A removed service is done. An owner that crashed by a bug of ours takes no other along."""
        del self._owners[owner.wanted.id], self._tasks[owner.wanted.id]
        self._outlook.forget_service(owner.wanted.id)
        if self._stop.is_set() or task.cancelled():
            return
        crash = task.exception()
        for command in owner.open_commands():
            self.shop.spawn(self.shop.answer(command, error=CRASHED if crash else NO_SERVICE))
        if crash is not None:
            log.error("an owner crashed", service=owner.wanted.name, exc_info=crash)
            asyncio.get_running_loop().call_later(AFTER_A_CRASH, self._outlook.forget)

    async def _pass_on(self, command: Command) -> None:
        owner = self._owners.get(command.service_id)
        if owner is None:
            await self.shop.answer(command, error=NO_SERVICE)
        else:
            owner.tell(command)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do *work* now and again until the stop; a database that fails is tried again the next time."""
        while not self._stop.is_set():
            try:
                await work()
            except Error as exc:
                log.warning("database trouble", error=str(exc))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)

    async def _sign(self) -> None:
        late = self.shop.lateness.p99(asyncio.get_running_loop().time())
        await self.writer.do(upkeep.seen, self.name, len(self._owners), late, self._clock())

    async def _tick(self) -> None:
        await self.writer.do(self._alerts.tick, self._clock())

    async def _look_at_file(self) -> None:
        await self.writer.do(upkeep.look_at_file, self._file, self._clock())

    async def _look_at_policies(self) -> None:
        """Take up changed policies; the owners that they concern plan anew."""
        rows = await self.writer.do(self._policies.look)
        if rows is None:
            return
        before = {owner: owner.policy for owner in self._owners.values()}
        self._policies.take(rows)
        for owner, policy in before.items():
            if owner.policy != policy:
                owner.replan()

    async def _advance_batches(self) -> None:
        await self.writer.do(batches.advance, self._clock())

    async def _prune(self) -> None:
        await self.writer.do(self._pruning.step, list(self._owners), self._clock())

    async def _keep_logs(self) -> None:
        if batch := self.shop.logbook.gather():
            await self.writer.write(logbook.write, batch, self._clock())
            self.shop.logbook.written()

    async def _sample(self) -> None:
        if children := self.shop.logbook.children():
            rows = await self._sampler.sample(children)
            await self.writer.write(sampling.write, rows, self._clock())

    async def _finish(self, side: list[asyncio.Task[Any]]) -> None:
        """Close everything, gently first; what is not closed then ends with its supervisor."""
        for owner in self._owners.values():
            owner.release()
        tasks = [*self._tasks.values(), *side, *self.shop.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_GENTLY_WITHIN)
        for task in tasks:
            task.cancel()
        await asyncio.wait({asyncio.create_task(self.shop.connector.aclose())}, timeout=CLOSE_AT_ALL_WITHIN)
        await self.shop.recorder.flush()
        await self._keep_logs()
        await self.writer.write(looking.put_back_commands, self._clock())
        await self.writer.do(upkeep.stopped, self.name, self._clock())
        self.writer.close()


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


def _raise_first_failure(tasks: list[asyncio.Task[Any]]) -> None:
    """A bug in the side work ends the worker, so that it is seen and restarted."""
    for task in tasks:
        if task.done():
            task.result()
