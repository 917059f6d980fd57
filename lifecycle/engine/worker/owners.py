"""The owners of one worker: who is there, who comes and goes, and who is told what the rows ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog
from django.db import Error

from lifecycle.core.policy.policy import Policy
from lifecycle.core.timing.shares import shard_of
from lifecycle.engine.context import EngineContext
from lifecycle.engine.leases.fence import FencedError
from lifecycle.engine.recording import snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.engine.service.owner import Owner
from lifecycle.engine.worker import desired_state
from lifecycle.engine.worker.desired_state import Outlook, Sight, Wanted
from lifecycle.live.feed import feed
from lifecycle.models import Command, FeedItem
from registry.installation import trouble
from registry.models import Desired

log = structlog.get_logger("lifecycle.worker")
AFTER_A_CRASH = 5.0
PART_WITHIN = 8.0
CRASHED = "an error of the console itself came between; the worker's log has it"
NO_SERVICE = "the service no longer exists"


class Owners:
    """One owner, and one task, for each service. Used in the event loop alone."""

    def __init__(self, context: EngineContext, outlook: Outlook) -> None:
        self._context, self._outlook = context, outlook
        self._owners: dict[int, Owner] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._owners)

    def ids(self) -> list[int]:
        """The services that are held."""
        return list(self._owners)

    def open_commands(self) -> list[int]:
        """Those that were passed on and are not yet answered."""
        return [command.pk for owner in self._owners.values() for command in owner.open_commands()]

    def policies(self) -> dict[Owner, Policy]:
        """Each owner with the policy that it follows now."""
        return {owner: owner.policy for owner in self._owners.values()}

    async def apply(self, sight: Sight) -> None:
        """Adopt what is new, and tell everybody what was seen."""
        if sight.changed:
            await self._context.relations.look()
        await self._adopt([wanted for wanted in sight.changed if wanted.id not in self._owners])
        for wanted in sight.changed:
            if wanted.id in self._owners:
                self._owners[wanted.id].want(wanted)
        missing = set() if sight.everyone is None else self._looked_for(sight) - sight.everyone
        for service_id in (sight.gone | missing) & self._owners.keys():
            self._owners[service_id].want(None)
        for command in sight.commands:
            await self._pass_on(command)

    def paused(self) -> None:
        """We were suspended, or the machine slept: no burst of all that became due meanwhile."""
        log.warning("this worker stood still for a while; checks that were under way prove nothing")
        for owner in self._owners.values():
            owner.paused()

    async def part(self, shards: Collection[int]) -> None:
        """Let go of the services of *shards*, gently first; their states stay as they are."""
        tasks = []
        for owner, task in self._of(shards):
            owner.release()
            tasks.append(task)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=PART_WITHIN)
            for task in late:
                task.cancel()

    def abandon(self, shards: Collection[int]) -> None:
        """Drop the services of *shards* at once: others may hold them already."""
        for owner, task in self._of(shards):
            owner.abandon()
            task.cancel()

    def _of(self, shards: Collection[int]) -> list[tuple[Owner, asyncio.Task[None]]]:
        found = [service_id for service_id in self._owners if shard_of(service_id) in shards]
        return [(self._owners[service_id], self._tasks[service_id]) for service_id in found]

    def release(self) -> list[asyncio.Task[None]]:
        """The worker stops: every owner lets go and leaves its state as it is; their tasks."""
        self._closed = True
        for owner in self._owners.values():
            owner.release()
        return list(self._tasks.values())

    def _looked_for(self, sight: Sight) -> set[int]:
        """The services that a full look would have seen, were they still there."""
        if sight.shards is None:
            return set(self._owners)
        return {service_id for service_id in self._owners if shard_of(service_id) in sight.shards}

    async def _adopt(self, fresh: list[Wanted]) -> None:
        """Give new services their owners, and a first row to those that have none."""
        epochs = {wanted.id: self._context.fence.epoch_of(wanted.id) for wanted in fresh}
        rows = await self._context.writer.do(desired_state.rows_of, [wanted.id for wanted in fresh])
        unknown = [wanted for wanted in fresh if wanted.id not in rows]
        registered = await asyncio.gather(*(self._register(one, epochs[one.id]) for one in unknown))
        held = {one.service_id: one for one in registered if one is not None}
        for service_id, row in rows.items():
            facts = {name: getattr(row, name) for name in ("revision_applied", "connect_mode", "tools_count")}
            held[service_id] = Held(service_id, "", snapshots.read(row), row.version, facts)
        for wanted in fresh:
            # The lease may have gone while we read.
            epoch, one = self._context.fence.epoch_of(wanted.id), held.get(wanted.id)
            if one is None or epoch is None or epoch != epochs[wanted.id]:
                self._outlook.forget_service(wanted.id)
                continue
            one.name, one.epoch = wanted.name, epoch
            self._own(Owner(self._context, wanted, one))

    async def _register(self, wanted: Wanted, epoch: int | None) -> Held | None:
        """None if the service is another worker's by now."""
        if epoch is None:
            return None
        running, now = wanted.desired == Desired.RUNNING, self._context.clock()
        try:
            return await self._context.recorder.register(wanted.id, wanted.name, running, now, epoch)
        except FencedError:
            return None

    def _own(self, owner: Owner) -> None:
        service_id = owner.wanted.id
        self._owners[service_id] = owner
        task = self._tasks[service_id] = asyncio.create_task(owner.run())
        task.add_done_callback(lambda ended: self._ended(owner, ended))

    def _ended(self, owner: Owner, task: asyncio.Task[None]) -> None:
        """A removed service is done. An owner that crashed by a bug of ours takes no other along."""
        del self._owners[owner.wanted.id], self._tasks[owner.wanted.id]
        self._outlook.forget_service(owner.wanted.id)
        if owner.wanted_again:
            self._outlook.forget()
        crash = None if task.cancelled() else task.exception()
        if self._closed:
            return
        if owner.released or task.cancelled() or isinstance(crash, FencedError):
            self._has_gone(owner, crash)
            return
        for command in owner.open_commands():
            self._context.spawn(self._context.answer(command, error=CRASHED if crash else NO_SERVICE))
        if crash is not None:
            log.error("an owner crashed", service=owner.wanted.name, exc_info=crash)
            asyncio.get_running_loop().call_later(AFTER_A_CRASH, self._outlook.forget)
        elif owner.gone:
            self._context.spawn(self._say_gone(owner.wanted.id))

    async def _say_gone(self, service_id: int) -> None:
        """For pages that still show it: one that was at rest changes no state when it is removed."""
        try:
            await self._context.writer.write(
                feed.note, FeedItem.Kind.SERVICE, service_id, self._context.clock()
            )
        except Error as exc:
            trouble.warn(exc)

    def _has_gone(self, owner: Owner, crash: BaseException | None) -> None:
        """The service is another worker's, or was for a while: then it is seen as new."""
        if isinstance(crash, FencedError):
            log.warning("another worker has the service", service=owner.wanted.name)
            self._context.fence.doubt()
        elif crash is not None:
            log.error("an owner crashed", service=owner.wanted.name, exc_info=crash)
        if self._context.fence.holds(owner.wanted.id):
            self._outlook.forget()

    async def _pass_on(self, command: Command) -> None:
        owner = self._owners.get(command.service_id)
        if owner is None:
            await self._context.answer(command, error=NO_SERVICE)
        else:
            owner.tell(command)
