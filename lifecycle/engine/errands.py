"""What operators asked of one service and nobody has answered yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lifecycle.engine.orders import Waiting
from lifecycle.engine.shop import Shop
from lifecycle.models import Command


class Errands:
    """Commands that came in, those that wait for something, and tool calls; *on_news* tells of changes."""

    def __init__(self, shop: Shop, on_news: Callable[[], None]) -> None:
        self._shop, self._on_news = shop, on_news
        self.waiting = Waiting(shop)
        self._inbox: list[Command] = []
        self._calls: dict[asyncio.Task[None], Command] = {}

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
        """Call a tool beside everything else."""
        task = self._shop.spawn(work)
        self._calls[task] = command
        task.add_done_callback(self._called)

    def _called(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        self._on_news()

    def open(self) -> list[Command]:
        """All of them."""
        return [*self._inbox, *self.waiting.all(), *self._calls.values()]
