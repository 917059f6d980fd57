"""The sign of life, by what the negotiated protocol has for it."""

from __future__ import annotations

import asyncio
import contextlib
import time

from mcp import MCPError

from lifecycle.engine.faults import is_answer
from lifecycle.engine.pulse import NotPlainError, Pulse, pulse_of
from lifecycle.engine.session import Session
from lifecycle.engine.trace import TRACE, Trace


class Prober:
    """Asks one session; remembers whether it answers `ping`, for some servers never do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ping_answered = False
        self._listing = False
        self._pulse: Pulse | None = None

    async def ask(self, second_opinion_after: float) -> float:
        """Wait for any answer and return the seconds it took; errors of the exchange are raised."""
        version = self._session.protocol_version
        if self._session.modern and version is not None:
            return await self._timed("server/discover", version)
        if self._listing:
            return await self._timed("tools/list")
        if self._ping_answered:
            return await self._timed("ping")
        return await self._ping_or_list(second_opinion_after)

    async def _timed(self, method: str, version: str = "") -> float:
        trace = TRACE.get() or Trace()
        started = time.monotonic()
        try:
            if (took := await self._again(method)) is not None:
                return took
            started = time.monotonic()
            if version:
                await self._session.send_discover(version)
            else:
                await self._session.ask(method, cancel=False)
        except MCPError as exc:
            # An error is an answer, if the server itself gave it.
            if not is_answer(exc, trace):
                raise
        took = time.monotonic() - started
        self._pulse = pulse_of(method, trace)
        return took

    async def _again(self, method: str) -> float | None:
        """Send the last request of this kind once more; None where only the SDK can tell what came of it."""
        if self._pulse is None or self._pulse.method != method or self._pulse.outdated:
            return None
        with contextlib.suppress(NotPlainError):
            return await self._pulse.beat()
        return None

    async def _ping_or_list(self, patience: float) -> float:
        ping = asyncio.create_task(self._timed("ping"))
        tasks = {ping}
        try:
            await asyncio.wait(tasks, timeout=patience)
            if not ping.done():
                tasks.add(asyncio.create_task(self._timed("tools/list")))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            first = done.pop()
            took = first.result()
            self._ping_answered, self._listing = first is ping, first is not ping
            return took
        finally:
            for task in tasks:
                task.cancel()
                task.add_done_callback(lambda task: task.cancelled() or task.exception())
