"""What all owners share: connector, recorder, lanes, clock, chance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lifecycle import operations
from lifecycle.core.health import Fault
from lifecycle.core.policy import Policy
from lifecycle.engine.connection import Connector
from lifecycle.engine.fence import Fence
from lifecycle.engine.lag import LagWatch
from lifecycle.engine.lateness import Lateness
from lifecycle.engine.logbook import Logbook
from lifecycle.engine.looking import Wanted
from lifecycle.engine.network import OwnNetwork
from lifecycle.engine.reconnection import Lanes
from lifecycle.engine.recording import Recorder
from lifecycle.engine.relations import Relations
from lifecycle.engine.writer import Writer
from lifecycle.live import feed
from lifecycle.models import Command, FeedItem
from registry import masking

CHECKS_AT_ONCE = 64
MESSAGE_LENGTH = 1000


@dataclass(kw_only=True, eq=False)
class Shop:
    """One per worker."""

    connector: Connector
    writer: Writer
    recorder: Recorder
    lanes: Lanes
    lag: LagWatch
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    policy: Callable[[Wanted], Policy]
    network: OwnNetwork = field(default_factory=OwnNetwork)
    fence: Fence = field(default_factory=Fence)
    logbook: Logbook = field(default_factory=Logbook)
    checks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHECKS_AT_ONCE))
    lateness: Lateness = field(default_factory=Lateness)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    relations: Relations = field(init=False)

    def __post_init__(self) -> None:
        self.relations = Relations(self.writer, self.clock)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start *work* in the background and remember it, so that the end of the worker can wait for it."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def answer(
        self, command: Command, *, outcome: Mapping[str, Any] | None = None, error: str = ""
    ) -> None:
        """Write what came of *command* into its row, unless another worker has it by now."""
        await self.writer.write(_finish, self.fence, command, outcome, error, self.clock())


def _finish(
    fence: Fence, command: Command, outcome: Mapping[str, Any] | None, error: str, now: datetime
) -> None:
    if not fence.standing([(command.service_id, command.epoch)]):
        return
    taken = Command.objects.filter(pk=command.pk, state=Command.State.TAKEN, worker=command.worker)
    taken.update(
        state=Command.State.FAILED if error else Command.State.DONE,
        outcome=operations.sealed_outcome(outcome) if outcome is not None else "",
        error=error[:MESSAGE_LENGTH],
        finished_at=now,
    )
    feed.note(FeedItem.Kind.COMMAND, command.pk, now)


def presentable(fault: Fault, secret: frozenset[str]) -> Fault:
    """The fault as it may be stored and shown: no secret in it, no NUL, and not too long."""
    message = masking.mask(fault.message.replace("\0", ""), secret) or fault.kind.value
    return replace(fault, message=message[:MESSAGE_LENGTH])


def without_secrets(value: Any, secret: frozenset[str]) -> Any:
    """JSON with every secret in its texts masked."""
    return masking.masked(value, secret)


def as_json(value: Any) -> Any:
    """*value* as JSON can hold it; what it cannot hold becomes text."""
    return json.loads(json.dumps(value, default=str))
