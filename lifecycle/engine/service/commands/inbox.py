"""What operators asked of one service and nobody has answered yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lifecycle.engine.context import EngineContext
from lifecycle.engine.service.commands.waiting import Waiting
from lifecycle.models import Command


class CommandInbox:
    """Commands that came in, those that wait for something, and tool calls; *on_news* tells of changes."""

    def __init__(self, context: EngineContext, on_news: Callable[[], None]) -> None:
        self._context, self._on_news = context, on_news
        self.waiting = Waiting(context)
        self._inbox: list[Command] = []
        self._calls: dict[asyncio.Task[None], Command] = {}
        self._beside: dict[asyncio.Task[None], Command] = {}

    def add(self, command: Command) -> None:
        self._inbox.append(command)
        self._on_news()

    def next(self) -> Command | None:
        """The oldest that nobody has begun; it stays until `begun`, so that it is not lost by an error."""
        return self._inbox[0] if self._inbox else None

    def begun(self) -> None:
        del self._inbox[0]

    @property
    def calling(self) -> bool:
        """Whether a tool is being called."""
        return bool(self._calls)

    def call(self, command: Command, work: Coroutine[Any, Any, None]) -> None:
        """Call a tool beside everything else; checks wait for it, for some servers do one at a time."""
        task = self._context.spawn(work)
        self._calls[task] = command
        task.add_done_callback(self._called)

    def beside(self, command: Command, work: Coroutine[Any, Any, None]) -> None:
        """What has nothing to do with the connection, so that nothing waits for it."""
        task = self._context.spawn(work)
        self._beside[task] = command
        task.add_done_callback(self._beside.pop)

    def _called(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        self._on_news()

    def open(self) -> list[Command]:
        """All that are not yet answered."""
        return [*self._inbox, *self.waiting.all(), *self._calls.values(), *self._beside.values()]
