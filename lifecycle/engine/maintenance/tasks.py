"""Periodic tasks of the worker, each at its own interval."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import Error

from lifecycle.engine.context import EngineContext
from lifecycle.engine.maintenance import catalog, history, logbook, reading, retention, sampling
from lifecycle.engine.worker import mass_failure
from lifecycle.engine.worker.owners import Owners
from lifecycle.engine.worker.policies import Policies
from lifecycle.live.feed import feed
from lifecycle.monitoring.hosts import sampling as host_sampling
from lifecycle.monitoring.listed import error_rate
from lifecycle.monitoring.listed import figures as listed_figures
from lifecycle.monitoring.settings import in_force
from lifecycle.monitoring.uptime import days as uptime_days
from lifecycle.monitoring.uptime import gaps
from lifecycle.monitoring.uptime.slo import evaluate, profiles, slowness
from lifecycle.operations.bulk import waves
from lifecycle.operations.trials import operations as trial_operations
from registry.access.audit import chain as audit_chain
from registry.access.audit import retention as audit_retention
from registry.imports.bundles import operations as bundle_operations
from registry.imports.catalog import operations as catalog_operations
from registry.installation import trouble
from registry.mcpjson import drift
from registry.removed import operations as removed_operations
from registry.secrets.purge import Purging

log = structlog.get_logger("lifecycle.worker")
SIGN_OF_LIFE_EVERY = 5.0
TICK_EVERY = 1.0
FILE_EVERY = 2.0
POLICIES_EVERY = 0.5
SETTINGS_EVERY = 2.0
BATCHES_EVERY = 0.5
AUDIT_EVERY = 5.0
RELATIONS_EVERY = 0.5
CATALOG_EVERY = 0.5
DAILY_EVERY = 600.0
PRUNE_EVERY = 60.0
ROLL_UP_EVERY = 10.0
FLEET_EVERY = 60.0
FORGET_ROUNDS = 20
ARCHIVE_EVERY = 24 * 3600.0
LOGS_EVERY = 1.0
CONNECTING_EVERY = 1.0
MASS_EVERY = 2.0
UPTIME_EVERY = 60.0
TARGETS_EVERY = 60.0
SLOWNESS_EVERY = 300.0
Work = Callable[[], Awaitable[object]]


class Maintenance:
    """One per worker; `all` are the tasks to be, the other methods can be called at any time."""

    def __init__(
        self,
        name: str,
        context: EngineContext,
        owners: Owners,
        policies: Policies,
        tick: Callable[[datetime], int],
        stop: asyncio.Event,
    ) -> None:
        self._name, self._context, self._owners, self._policies = name, context, owners, policies
        self._do_tick, self._stop = tick, stop
        self._history, self._purging = history.History(context, stop), Purging()
        self._trust, self._catalog = retention.Trust(), catalog.Fetcher(context)
        self._shown: dict[str, Any] = {}
        self._sampler = sampling.Sampler()
        self._listed = listed_figures.Renewal()
        self._signs = gaps.Signs(name, retention.since_boot)
        self._host = host_sampling.HostSampler(settings.DATA_DIR)
        self._file = drift.Watch()

    def all(self) -> list[Coroutine[Any, Any, Any]]:
        """Each goes on until the stop."""
        return [
            self._context.lag.run(self._stop),
            self._context.recorder.run(self._stop),
            self._every(SIGN_OF_LIFE_EVERY, self._sign),
            self._every(POLICIES_EVERY, self.look_at_policies),
            self._every(SETTINGS_EVERY, self._follow_settings),
            self._every(LOGS_EVERY, self.keep_logs),
            self._every(CONNECTING_EVERY, self._show_connecting),
            self._every(MASS_EVERY, self._look_at_all),
            self._every(host_sampling.EVERY, self.sample),
            self._every(host_sampling.EVERY, self.sample_host),
            self._every(PRUNE_EVERY, self._prune),
            self._every(ROLL_UP_EVERY, self._if_house(self._history.roll_up)),
            self._every(FLEET_EVERY, self._if_house(self._history.renew_fleet)),
            self._every(ARCHIVE_EVERY, self._if_house(self._archive)),
            self._every(UPTIME_EVERY, self._if_house(self.count_uptime)),
            self._every(TARGETS_EVERY, self._if_house(self.count_targets)),
            self._every(TARGETS_EVERY, self._if_house(self.mark_errors)),
            self._every(SLOWNESS_EVERY, self._if_house(self.judge_slowness)),
            self._every(TICK_EVERY, self._if_house(self._tick)),
            self._every(FILE_EVERY, self._if_house(self._look_at_file)),
            self._every(BATCHES_EVERY, self._if_house(self._advance_batches)),
            self._every(AUDIT_EVERY, self._if_house(self._tie_audit)),
            self._every(RELATIONS_EVERY, self._context.relations.look),
            self._every(CATALOG_EVERY, self._catalog.look),
            self._every(DAILY_EVERY, self._if_house(self._catalog.look_up_daily)),
        ]

    def _if_house(self, work: Work) -> Work:
        """*work* that only one worker may do, for that one."""

        async def do() -> None:
            if self._context.fence.house:
                await work()

        return do

    async def _every(self, seconds: float, work: Work) -> None:
        """Do *work* now and again until the stop; a database that fails is tried again the next time."""
        while not self._stop.is_set():
            try:
                await work()
            except Error as exc:
                trouble.warn(exc)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)

    async def look_at_policies(self) -> None:
        """Take up changed policies; the owners that they concern plan anew."""
        rows = await self._context.writer.do(self._policies.look)
        if rows is None:
            return
        before = self._owners.policies()
        self._policies.take(rows)
        for owner, policy in before.items():
            if owner.policy != policy:
                owner.replan()

    async def _follow_settings(self) -> None:
        """Take up changed options of monitoring."""
        found = await self._context.writer.do(in_force.look)
        self._context.recorder.most = found.metrics_buffer_size

    async def keep_logs(self) -> None:
        """Write what the children of stdio services wrote since the last time."""
        if batch := self._context.logbook.gather():
            await self._context.writer.write(logbook.write, batch, self._context.clock(), self._context.fence)
            self._context.logbook.written()

    async def _sign(self) -> None:
        late = self._context.lateness.p99(asyncio.get_running_loop().time())
        await self._context.writer.write(self._signs.look, self._context.clock())
        await self._context.writer.do(
            retention.seen, self._name, len(self._owners), late, self._context.clock()
        )

    async def _show_connecting(self) -> None:
        picture = self._context.lanes.picture()
        if picture != self._shown:
            await self._context.writer.do(retention.connecting, self._name, picture)
            self._shown = picture

    async def _look_at_all(self) -> None:
        """Whether most services fail at once: one worker writes it down, all of them slow down."""
        writer, clock, fence = self._context.writer, self._context.clock, self._context.fence
        if fence.house:
            interval = self._policies.usual().health_check_interval
            await writer.do(fence.as_house, mass_failure.look, self._name, interval, clock())
        self._context.lanes.purse.slow_down(await writer.do(mass_failure.is_under_way))

    async def sample(self) -> None:
        if children := self._context.logbook.children():
            rows = await self._sampler.sample(children)
            await self._context.writer.write(sampling.write, rows, self._context.clock(), self._context.fence)

    async def sample_host(self) -> None:
        if not host_sampling.is_wanted():
            return
        row = await asyncio.to_thread(self._host.take)
        host, now = host_sampling.this_host(), self._context.clock()
        await self._context.writer.write(host_sampling.write, host, row, now)

    async def _prune(self) -> None:
        if not await self._context.writer.do(self._trust.look, self._context.clock()):
            return
        await self._context.writer.do(feed.prune, self._context.clock())
        for forget_some in (trial_operations.forget, catalog_operations.forget):
            await self._context.writer.do(forget_some, self._context.clock())
        if self._context.fence.house:
            await self._history.prune()
            unused = await self._context.writer.do(bundle_operations.unused, time.time())
            await asyncio.to_thread(bundle_operations.clear, unused)
        forget, fence = removed_operations.forget, self._context.fence
        for _ in range(FORGET_ROUNDS):
            if self._stop.is_set() or not fence.house:
                return
            if not await self._context.writer.do(fence.as_house, forget, self._context.clock()):
                break
        if fence.house and not self._stop.is_set():
            await self._context.writer.do(fence.as_house, self._purging.step, self._context.clock())
            await self._context.writer.do(fence.as_house, audit_retention.step, self._context.clock())

    async def _tie_audit(self) -> None:
        await self._context.writer.do(audit_chain.tie)

    async def _archive(self) -> None:
        if not await self._context.writer.do(self._trust.look, self._context.clock()):
            return
        for name in await self._context.writer.do(retention.archive, self._context.clock()):
            log.warning("archived: it gave up and was at rest for a week", service=name)

    async def count_uptime(self) -> None:
        """Close the days that are over, follow what does not count, and renew what the list shows."""
        writer, clock, fence = self._context.writer, self._context.clock, self._context.fence
        await writer.write(self._signs.look, clock())
        if not await writer.do(self._trust.look, clock()):
            return
        await writer.do(fence.as_house, uptime_days.rest, clock().timestamp())
        while not self._stop.is_set():
            if not await writer.do(fence.as_house, uptime_days.step, clock().timestamp()):
                break
        while not self._stop.is_set() and fence.house:
            if not await writer.do(fence.as_house, self._listed.step):
                break

    async def count_targets(self) -> None:
        """How much of the budget of each target is left."""
        if rows := await reading.aside(evaluate.find, self._context.clock()):
            await self._context.writer.do(self._context.fence.as_house, evaluate.write, rows)

    async def mark_errors(self) -> None:
        """Of whom too many checks or tool calls fail."""
        rows = await reading.aside(error_rate.find, self._context.clock())
        await self._context.writer.do(
            self._context.fence.as_house, error_rate.write, rows, self._context.clock()
        )

    async def judge_slowness(self) -> None:
        """Who is unusually slow; then a few services more learn what is usual."""
        writer, clock, fence = self._context.writer, self._context.clock, self._context.fence
        ids = await reading.aside(slowness.serving)
        for at in range(0, len(ids), slowness.AT_ONCE):
            found = await reading.aside(slowness.find, ids[at : at + slowness.AT_ONCE], clock())
            await writer.do(fence.as_house, slowness.write, found, clock())
        await writer.do(fence.as_house, slowness.forget, clock())
        late = await reading.aside(profiles.behind, clock())
        for at in range(0, len(late), profiles.AT_ONCE):
            if self._stop.is_set():
                return
            learnt = await reading.aside(profiles.find, late[at : at + profiles.AT_ONCE], clock())
            await writer.do(fence.as_house, profiles.write, learnt)

    async def _tick(self) -> None:
        """At once again while something fires: each call does a part of a storm, and others write between."""
        writer, fence, clock = self._context.writer, self._context.fence, self._context.clock
        while await writer.do(fence.as_house, self._do_tick, clock()) and not self._stop.is_set():
            pass

    async def _look_at_file(self) -> None:
        await self._context.writer.do(retention.look_at_file, self._file, self._context.clock())

    async def _advance_batches(self) -> None:
        await self._context.writer.do(self._context.fence.as_house, waves.advance, self._context.clock())
