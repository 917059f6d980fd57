"""The task in which FastMCP holds a session: known here, for FastMCP itself can lose it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastmcp.client.transports.base import ClientTransport

PATIENCE = 2.0


class Ending:
    """What ends the task that holds a session, if it is still there."""

    _runner: asyncio.Task[Any] | None = None

    async def end(self) -> None:
        """Cancel what still holds the session; twice, for the first may go astray in what it unwinds."""
        for _ in range(2):
            if self._runner is not None and not self._runner.done():
                self._runner.cancel()
                await asyncio.wait({self._runner}, timeout=PATIENCE)


class OwnTransport(ClientTransport, Ending):
    """A transport that can end the session which it opened.

    An attempt to connect that is cancelled may go on all the same, and FastMCP has forgotten it by then: the
    session would be held for ever by a task that nobody knows.
    """

    def _remember(self) -> None:
        """To be called first in `connect_session`, which runs in that task."""
        self._runner = asyncio.current_task()

    def detached(self) -> Ending:
        """What ends this session when there is another one already."""
        ending = Ending()
        ending._runner, self._runner = self._runner, None
        return ending
