"""What all services of a worker share: connector, recorder, lanes, clock, chance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from lifecycle.core.health.verdict import Fault
from lifecycle.core.policy.policy import Policy
from lifecycle.engine.host.file_limits import Room
from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.maintenance.logbook import Logbook, with_their_lines
from lifecycle.engine.recording.record import Recorder
from lifecycle.engine.recording.writer import Writer
from lifecycle.engine.session.connection import Connector
from lifecycle.engine.worker.desired_state import Wanted
from lifecycle.engine.worker.lag import LagWatch
from lifecycle.engine.worker.lateness import Lateness
from lifecycle.engine.worker.network import OwnNetwork
from lifecycle.engine.worker.reconnection import Lanes
from lifecycle.engine.worker.relations import Relations
from lifecycle.live.feed import feed
from lifecycle.models import Command, FeedItem
from lifecycle.monitoring.calls import record as call_record
from lifecycle.monitoring.telemetry.call import Sender, Silent
from lifecycle.operations import commands as operation_commands
from lifecycle.signin.flow.run import SignIns
from registry.errors import SecretsError
from registry.secrets import masking

CHECKS_AT_ONCE = 64
MESSAGE_LENGTH = 1000
OUTPUT_LENGTH = 8000


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineContext:
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
    files: Room = field(default_factory=Room)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    telemetry: Sender = field(default_factory=Silent)
    relations: Relations = field(init=False)
    sign_ins: SignIns = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "relations", Relations(self.writer, self.clock))
        sign_ins = SignIns(self.writer, self.clock, self.chance, self.spawn, settings.PUBLIC_URL)
        object.__setattr__(self, "sign_ins", sign_ins)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start *work* in the background and remember it, so that the end of the worker can wait for it."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def answer(
        self,
        command: Command,
        *,
        outcome: Mapping[str, Any] | None = None,
        error: str = "",
        refused: bool = False,
    ) -> None:
        """Write what came of *command* into its row, unless another worker has it by now.

        *refused*: a tool call that the service never heard of, since the console does not allow it.
        """
        await self.writer.write(_finish, self.fence, command, outcome, error, self.clock(), refused)


def _finish(
    fence: Fence,
    command: Command,
    outcome: Mapping[str, Any] | None,
    error: str,
    now: datetime,
    refused: bool = False,
) -> None:
    if not fence.standing([(command.service_id, command.epoch)]):
        return
    try:
        kept = operation_commands.sealed_outcome(outcome) if outcome is not None else ""
    except SecretsError as exc:  # the key file is gone: said to whoever asks, and no reason to end
        kept, error = "", error or str(exc)
    taken = Command.objects.filter(pk=command.pk, state=Command.State.TAKEN, worker=command.worker)
    if taken.update(
        state=Command.State.FAILED if error else Command.State.DONE,
        outcome=kept,
        error=error[:MESSAGE_LENGTH],
        finished_at=now,
    ):
        call_record.record(command, outcome, error, now, refused=refused)
    feed.note(FeedItem.Kind.COMMAND, command.pk, now)


def presentable(fault: Fault, secret: frozenset[str]) -> Fault:
    """The fault as it may be stored and shown: no secret in it, no NUL, and not too long."""
    message = masking.mask(fault.message.replace("\0", ""), secret) or fault.kind.value
    output = masking.mask(fault.output.replace("\0", ""), with_their_lines(secret))
    return replace(fault, message=message[:MESSAGE_LENGTH], output=output[-OUTPUT_LENGTH:])


def without_secrets(value: Any, secret: frozenset[str]) -> Any:
    """JSON with every secret in its texts masked."""
    return masking.masked(value, secret)


def as_json(value: Any) -> Any:
    """*value* as JSON can hold it; what it cannot hold becomes text."""
    return json.loads(json.dumps(value, default=str))
