"""The sign of life, by what the negotiated protocol has for it; by the tools where nobody tells of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import MCPError

from lifecycle.core.answers.proof import Proof
from lifecycle.core.lists.tool_watch import DISCOVER, LIST, ToolWatch
from lifecycle.engine.bounded import alone
from lifecycle.engine.session.checks.fast_ping import FastPing, NotPlainError, fast_ping_of
from lifecycle.engine.session.faults.answered import proof_of
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.session import Session

PROMPT = 0.5
TIMES_PLAIN = 2.0


class Prober:
    """Asks one session; remembers whether it answers `ping`, for some servers never do.

    *on_changed* hears of tools that differ from those read last.
    """

    __slots__ = (
        "_awake",
        "_fast_pings",
        "_interval",
        "_listing",
        "_on_changed",
        "_ping_answered",
        "_plain",
        "_version",
        "_watch",
    )

    def __init__(
        self,
        session: Session,
        awake: Callable[[], Awaitable[Session]],
        interval: float,
        on_changed: Callable[[], None],
    ) -> None:
        self._awake, self._interval, self._on_changed = awake, interval, on_changed
        self._version = session.protocol_version if session.modern else None
        self._watch = ToolWatch()
        self._ping_answered = False
        self._listing = False
        self._plain = 0.0
        self._fast_pings: dict[str, FastPing] = {}

    def distrust_ping(self) -> None:
        """Its answer to `ping` is that of a lost session, on one that was just made: ask for the tools."""
        self._listing = True

    def read(self, mark: bytes | None, again: FastPing | None = None) -> None:
        """The lists were read; None where nothing of them is to be watched. *again* asks for the tools."""
        self._watch.read(mark)
        if again is not None:
            self._fast_pings.setdefault(LIST, again)
        for fast_ping in self._fast_pings.values():
            fast_ping.know(last=False)

    @property
    def ready(self) -> bool:
        """Whether the next check will most likely do without the SDK."""
        found = self._fast_pings.get(self._watch.looks_for or self._plain_method or "")
        return found is not None and not found.outdated

    @property
    def _plain_method(self) -> str | None:
        """What the plain request is; None while that is not known."""
        if self._version is not None:
            return DISCOVER
        if self._listing:
            return LIST
        return "ping" if self._ping_answered else None

    async def ask(self, second_opinion_after: float, *, plain: bool = False) -> float:
        """Wait for any answer and return the seconds it took; errors of the exchange are raised.

        *plain*: it need not tell whether the tools changed.
        """
        # Two slow requests do not fit into one check; as soon as one is quick, the tools are compared again.
        hurried = TIMES_PLAIN * self._plain > second_opinion_after
        if self._watch.turn(plain=plain or hurried) != LIST:
            return await self._plainly(second_opinion_after)
        patience = self._patience(second_opinion_after)
        listed = await self._by_list(patience)
        if listed is not None and listed <= max(PROMPT, self._plain):
            return listed
        # Listing may be slow where the server itself is not: that must not count against it.
        if listed is not None:
            return await self._at_best(listed, second_opinion_after)
        try:
            return await self._plainly(second_opinion_after)
        finally:
            if self._patience(second_opinion_after) <= patience:
                self._watch.disturbed(self._interval)

    async def _by_list(self, patience: float) -> float | None:
        """The seconds that the list took; None where it is late, or larger than anything that is read."""
        trace = TRACE.get() or Trace()
        try:
            async with asyncio.timeout(patience):
                return await self._timed(LIST)
        except TimeoutError:
            return None
        except Exception:  # a foreign boundary: only a list without end says nothing of its server
            if not trace.oversize:
                raise
            trace.oversize = False
            return None

    async def _at_best(self, listed: float, second_opinion_after: float) -> float:
        """The seconds of the plain request, if it is quicker than the list, which has proved life already."""
        limit = min(listed, second_opinion_after / 2)
        try:
            async with asyncio.timeout(limit):
                return min(listed, await self._plainly(second_opinion_after))
        except TimeoutError:
            self._plain = max(self._plain, limit)
        except Exception:  # noqa: S110 - a foreign boundary: a fault of the server is for the next check to find
            pass
        return listed

    def _patience(self, second_opinion_after: float) -> float:
        """How long the list may take: longer where the plain request is slow too.

        A gateway may start a program for each request, whatever it is; of these one takes 0.7 s and the next
        2 s, so that the last says little of the next.
        """
        if self._plain > PROMPT:
            return second_opinion_after
        return max(min(PROMPT, second_opinion_after / 2), TIMES_PLAIN * self._plain)

    async def _plainly(self, second_opinion_after: float) -> float:
        """By the plain request; the time it took is kept."""
        self._plain = await self._plain_request(second_opinion_after)
        return self._plain

    async def _plain_request(self, second_opinion_after: float) -> float:
        if (method := self._plain_method) is not None:
            return await self._timed(method)
        return await self._ping_or_list(second_opinion_after)

    async def _timed(self, method: str) -> float:
        trace = TRACE.get() or Trace()
        started = time.monotonic()
        try:
            if (beat := await self._again(method)) is not None:
                self._look(method, beat[1])
                return beat[0]
            session = await self._awake()
            started = time.monotonic()
            if method == DISCOVER and self._version is not None:
                result = await alone(session.send_discover(self._version))
            else:
                result = await alone(session.ask(method, cancel=False))
            self._look(method, result)
        except MCPError as exc:
            if proof_of(exc, trace) is not Proof.LIFE:
                raise
        took = time.monotonic() - started
        if (fast_ping := fast_ping_of(method, trace)) is not None:
            self._fast_pings[method] = fast_ping
        else:
            self._fast_pings.pop(method, None)
        return took

    async def _again(self, method: str) -> tuple[float, dict[str, Any] | None] | None:
        """Send the last request of this kind once more; None where only the SDK can tell what came of it."""
        fast_ping = self._fast_pings.get(method)
        if fast_ping is None or fast_ping.outdated:
            return None
        with contextlib.suppress(NotPlainError):
            return await fast_ping.beat()
        return None

    def _look(self, method: str, result: dict[str, Any] | None) -> None:
        """Compare the result, where this check does that; None is the same as the last."""
        if method != self._watch.looks_at:
            return
        if result is None:
            self._watch.same()
            return
        differs = self._watch.differs(result, self._interval)
        if (fast_ping := self._fast_pings.get(method)) is not None:
            fast_ping.know(last=not differs)
        if differs:
            self._on_changed()

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
