"""The task in which FastMCP holds a session: known here, for FastMCP itself can lose it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastmcp.client.transports.base import ClientTransport

PATIENCE = 2.0


class OwnTransport(ClientTransport):
    """A transport that can end the session which it opened.

    An attempt to connect that is cancelled may go on all the same, and FastMCP has forgotten it by then: the
    session would be held for ever by a task that nobody knows.
    """

    _runner: asyncio.Task[Any] | None = None

    def _remember(self) -> None:
        """To be called first in `connect_session`, which runs in that task."""
        self._runner = asyncio.current_task()

    async def end(self) -> None:
        """Cancel what still holds the session; twice, for the first may go astray in what it unwinds."""
        for _ in range(2):
            if self._runner is not None and not self._runner.done():
                self._runner.cancel()
                await asyncio.wait({self._runner}, timeout=PATIENCE)
