"""Waiting for the next connection: a call may meet one that is about to be made anew."""

from __future__ import annotations

import asyncio

from lifecycle.engine.session.connection import Connection


class Arrivals:
    """Those who wait; each is told of one connection, or that none comes."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[Connection | None]] = []

    def settle(self, connection: Connection | None) -> None:
        """Here it is; None if there is none to be had now."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(connection)

    async def next(self, limit: float) -> Connection | None:
        """The next connection; None if none comes within *limit* seconds."""
        future: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await asyncio.wait({future}, timeout=limit)
        return future.result() if future.done() else None
