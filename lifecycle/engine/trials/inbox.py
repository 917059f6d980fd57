"""The trials that people ask for, taken up by whichever worker sees them first; a few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lifecycle.engine.context import EngineContext
from lifecycle.engine.trials import trying
from lifecycle.models import Trial
from lifecycle.operations.trials import operations
from registry.errors import RegistryError

AT_ONCE = 8
STALE = timedelta(seconds=30)
"""Whoever asked does not wait any more, and nothing shall start unexpectedly."""


class TrialInbox:
    """One per worker."""

    def __init__(self, worker: str, context: EngineContext) -> None:
        self._worker, self._context = worker, context
        self._running: set[asyncio.Task[None]] = set()

    async def look(self) -> None:
        """Begin what was asked for, as far as there is room."""
        room = AT_ONCE - len(self._running)
        if room <= 0:
            return
        for trial in await self._context.writer.do(take, self._worker, self._context.clock(), room):
            task = self._context.spawn(self._try(trial))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _try(self, trial: Trial) -> None:
        try:
            config, hidden = await self._context.writer.do(operations.given_of, trial)
        except RegistryError as exc:  # the key file is gone
            outcome: dict[str, Any] = {"ok": False, "kind": "policy", "cause": "", "message": str(exc)}
            await self._context.writer.write(finish, trial.pk, self._worker, outcome)
            return
        outcome = await trying.attempt(self._context.connector, config, hidden, f"trial {trial.pk}")
        await self._context.writer.write(finish, trial.pk, self._worker, outcome)


def take(worker: str, now: datetime, room: int) -> list[Trial]:
    """The oldest that nobody has taken, now marked as this worker's."""
    queued = Trial.objects.filter(state=Trial.State.QUEUED, created_at__gt=now - STALE).order_by("id")
    return [trial for trial in queued[:room] if _is_ours(trial, worker)]


def _is_ours(trial: Trial, worker: str) -> bool:
    """Of several workers the first has it."""
    free = Trial.objects.filter(pk=trial.pk, state=Trial.State.QUEUED)
    return bool(free.update(state=Trial.State.TAKEN, worker=worker))


def finish(pk: int, worker: str, outcome: Mapping[str, Any]) -> None:
    """Write what came of it; what it was given goes."""
    try:
        sealed = operations.sealed_outcome(outcome)
    except RegistryError:  # without the key nothing is told, as nothing could be tried
        sealed = ""
    taken = Trial.objects.filter(pk=pk, state=Trial.State.TAKEN, worker=worker)
    taken.update(state=Trial.State.DONE, outcome=sealed, given="")
