"""Ends what an owner holds: its connection, and an attempt that may yet open one. One after the other."""

from __future__ import annotations

import asyncio
from typing import Any

from lifecycle.engine.context import EngineContext
from lifecycle.engine.service import attempts
from lifecycle.engine.session.connection import Connection


class Closer:
    """One per owner; each closing waits for the one before it, bounded by the connection's own limits."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._background: asyncio.Task[None] | None = None
        self._being_closed: Connection | None = None

    def close(
        self, connection: Connection | None, leftover: asyncio.Task[Any] | None, *, force: bool
    ) -> None:
        """Close all there is, beside whatever comes next. Nobody who is cancelled can take this along."""
        self._background = self._context.spawn(self._close(connection, leftover, force, self._background))

    def hurry(self) -> None:
        """Close by force what is being closed gently."""
        if self._being_closed is not None:
            self._context.spawn(self._being_closed.close(force=True))

    async def idle(self) -> None:
        """Wait until all is closed."""
        while (closing := self._background) is not None:
            await asyncio.wait({closing})
            if self._background is closing:
                self._background = None

    async def _close(
        self,
        connection: Connection | None,
        leftover: asyncio.Task[Any] | None,
        force: bool,
        earlier: asyncio.Task[None] | None,
    ) -> None:
        if earlier is not None:
            await asyncio.wait({earlier})
        if leftover is not None:
            await attempts.reap(leftover)
        self._being_closed = connection
        if connection is not None:
            await connection.close(force=force)
        self._being_closed = None
