"""A database connection with a thread of its own, which can be cut when nothing comes back."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from django.db import Error, connections
from django.db.backends.signals import connection_created

from lifecycle.core.timing.durations import span

P = ParamSpec("P")
T = TypeVar("T")
FREEZES_AT_MOST = "5s"


def let_no_freeze_hold_locks() -> None:
    """From now on PostgreSQL ends a session of this process that stands still within a transaction for 5 s.

    Workers of one host write to some of the same rows. One that is stopped or cut off while it has them
    locked would else hold all others up for as long as it is away.
    """
    connection_created.connect(_limit_freezes, dispatch_uid="limit_freezes")


def _limit_freezes(connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{FREEZES_AT_MOST}'")


def cut(wrapper: Any) -> None:
    """Break the connection of *wrapper*, a Django connection of another thread, which then gets an error.

    A network that swallows everything would else keep that thread waiting for ever.
    """
    link = getattr(wrapper, "connection", None)
    if link is None or link.closed:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(link.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


class Line:
    """One thread, and so one connection."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._wrapper: Any = None

    async def ask(self, within: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run *work*; TimeoutError, and a broken connection, if it takes more than *within* seconds."""
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._thread, lambda: self._do(lambda: work(*args, **kwargs)))
        await asyncio.wait({asked}, timeout=within)
        if asked.done():
            return asked.result()
        asked.add_done_callback(lambda late: late.cancelled() or late.exception())
        cut(self._wrapper)
        raise TimeoutError(f"the database did not answer within {span(within)}")

    def _do(self, work: Callable[[], T]) -> T:
        self._wrapper = connections["default"]
        try:
            return work()
        except Error:
            connections["default"].close()
            raise

    async def close(self, within: float = 2.0) -> None:
        """Let the connection go."""
        with suppress(TimeoutError, Error):
            await self.ask(within, connections.close_all)
        self._thread.shutdown(wait=False, cancel_futures=True)
