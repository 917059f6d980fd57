"""What an owner is doing right now: one task at a time, which can be abandoned without waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Doing(Enum):
    CONNECT = "connect"
    CHECK = "check"
    REFRESH = "refresh"
    CLOSE = "close"


@dataclass(frozen=True)
class Finished:
    doing: Doing
    result: Any


class Activity:
    """At most one; *on_done* is called when it ends by itself."""

    def __init__(self, on_done: Callable[[], None]) -> None:
        self._on_done = on_done
        self._task: asyncio.Task[Any] | None = None
        self._doing = Doing.CLOSE

    @property
    def busy(self) -> bool:
        return self._task is not None

    def begin(self, doing: Doing, work: Coroutine[Any, Any, Any]) -> None:
        """Start *work*; nothing else may be going on."""
        self._doing = doing
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(lambda _: self._on_done())

    def harvest(self) -> Finished | None:
        """What has ended since the last time; an exception in it is a bug of ours, and is raised here."""
        if self._task is None or not self._task.done():
            return None
        task, self._task = self._task, None
        return Finished(self._doing, task.result())

    def abandon(self) -> asyncio.Task[Any] | None:
        """Cancel and forget; an attempt to connect is returned, since it may leave something to close."""
        task, self._task = self._task, None
        if task is None:
            return None
        task.cancel()
        task.add_done_callback(_hear_out)
        return task if self._doing is Doing.CONNECT else None


def _hear_out(task: asyncio.Task[Any]) -> None:
    """Take an abandoned task's exception, which nobody wants any more, so that it is not reported as lost."""
    if not task.cancelled():
        task.exception()
