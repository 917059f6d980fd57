"""One held MCP session over stdio, streamable HTTP or SSE. FastMCP never leaves this room."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import mcp_types
from fastmcp import Client

from lifecycle.core.health import Fault, Kind, Probe
from lifecycle.engine import content
from lifecycle.engine.child.process import Child
from lifecycle.engine.content import Content, clean
from lifecycle.engine.faults import ConnectionFault, classify
from lifecycle.engine.probe import Prober
from lifecycle.engine.runner import OwnTransport
from lifecycle.engine.session import Session
from lifecycle.engine.toolcall import CallOutcome, read_outcome
from lifecycle.engine.trace import TRACE, Trace

CLIENT_INFO = mcp_types.Implementation(name="mcpstore-console", version="0.1.0")
CLOSE_LIMIT = 12.0
FORCED_CLOSE_LIMIT = 1.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """Who answered, and how: `mode` is the negotiation that worked, "auto" or "legacy"."""

    protocol_version: str
    server_name: str
    server_version: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Whom to tell, outside of any request: the connection is gone, its tools changed, a process started.

    `interval` is the time between checks, in seconds.
    """

    on_lost: Callable[[Fault], None]
    on_tools_changed: Callable[[], None]
    on_child: Callable[[Child], None] = lambda child: None
    interval: float = 30.0


async def _ignore(_: object) -> None:
    """Log messages of a server are its own affair."""


def abandon(task: asyncio.Task[Any]) -> None:
    """Cancel without waiting, and unheard: unwinding a hung request takes the SDK up to 5 s."""
    if task.done():
        _hear_out(task)
    else:
        task.cancel()
        task.add_done_callback(_hear_out)


def _hear_out(task: asyncio.Task[Any]) -> None:
    """Take the exception, which would else be reported as lost."""
    if not task.cancelled():
        task.exception()


class Connection:
    """A live session. Every wait in it is bounded; what goes wrong comes out as a Fault."""

    greeting: Greeting

    def __init__(self, watch: Watch, tasks: set[asyncio.Task[Any]]) -> None:
        self._watch = watch
        self._tasks = tasks
        self._alarms: list[asyncio.Future[Fault]] = []
        self._client: Client[OwnTransport] | None = None
        self._transport: OwnTransport | None = None
        self._child: Child | None = None
        self._lost: Fault | None = None
        self._open = False
        self._closing = False
        self.unlisted: frozenset[str] = frozenset()

    # -- opening: called by the Connector alone ---------------------------------------------------------

    def adopt(self, child: Child) -> None:
        """Own *child* from now on: end it with the connection, and report its exit."""
        self._child = child
        self._watch.on_child(child)
        self._keep(self._follow(child))

    async def greet(self, transport: OwnTransport, mode: str, limit: float) -> None:
        """Connect and negotiate; raises ConnectionFault."""
        self._transport = transport
        self._client = client = Client(
            transport,
            mode=mode,
            timeout=None,
            init_timeout=limit,
            client_info=CLIENT_INFO,
            log_handler=_ignore,
            message_handler=self._on_message,
        )
        await self._bounded(client.__aenter__, limit)
        info = client.server_info
        self.greeting = Greeting(
            protocol_version=client.protocol_version or "",
            server_name=clean(info.name)[:200] if info else "",
            server_version=clean(info.version)[:100] if info else "",
            mode=mode,
        )
        self._prober = Prober(self._session)
        self._open = True

    @property
    def _session(self) -> Session:
        if self._client is None:
            raise ConnectionFault(Fault(kind=Kind.CLOSED, message="not connected", lost=True))
        return cast(Session, self._client.session)

    async def _on_message(self, message: object) -> None:
        if isinstance(message, mcp_types.ToolListChangedNotification) and not self._closing:
            self._watch.on_tools_changed()

    # -- losing -----------------------------------------------------------------------------------------

    def lose(self, fault: Fault) -> None:
        """The connection is gone: wake whoever waits on it, and tell the owner once."""
        if self._lost is not None:
            return
        self._lost = fault
        self.alarm(fault)
        if self._open and not self._closing:
            self._watch.on_lost(fault)

    def stream_ended(self) -> None:
        """The event stream of a held session ended; before it is held, the SDK says more about why."""
        if self._open:
            self.lose(Fault(kind=Kind.CLOSED, message="the server ended the event stream", lost=True))

    def alarm(self, fault: Fault) -> None:
        """Fail the requests that are waiting now; later ones may work again."""
        for alarm in list(self._alarms):
            if not alarm.done():
                alarm.set_result(fault)

    async def _follow(self, child: Child) -> None:
        await asyncio.wait({child.exited})
        self.lose(Fault(kind=Kind.EXITED, message=await child.epitaph(), lost=True))

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- requests ---------------------------------------------------------------------------------------

    async def _bounded(self, make: Callable[[], Coroutine[Any, Any, T]], limit: float) -> T:
        """Run one request for at most *limit* seconds; every failure comes out as a ConnectionFault."""
        if self._lost is not None:
            raise ConnectionFault(self._lost)
        trace = Trace()
        context = contextvars.copy_context()
        context.run(TRACE.set, trace)
        alarm: asyncio.Future[Fault] = asyncio.get_running_loop().create_future()
        self._alarms.append(alarm)
        task = asyncio.create_task(make(), context=context)
        try:
            waiting: set[asyncio.Future[Any]] = {task, alarm}
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if alarm.done():
                raise ConnectionFault(alarm.result())
            raise ConnectionFault(Fault(kind=Kind.TIMEOUT, message=f"no answer within {limit:g} s"))
        except ConnectionFault:
            raise
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise ConnectionFault(Fault(kind=Kind.CLOSED, message="the session ended", lost=True)) from None
        except Exception as exc:  # a foreign boundary: the SDK and the server behind it
            raise ConnectionFault(await self._why(exc, trace, alarm)) from exc
        finally:
            self._alarms.remove(alarm)
            abandon(task)
            # The SDK's tasks live on in this context; a whole request must not live on with them.
            trace.sent = None

    async def _why(self, exc: Exception, trace: Trace, alarm: asyncio.Future[Fault]) -> Fault:
        """The fault behind *exc*; of a child whose pipes closed, the exit that follows says more."""
        fault = classify(exc, trace)
        if self._child is not None and fault.lost and self._lost is None:
            await asyncio.wait({alarm}, timeout=0.4)
        return self._lost or fault

    async def probe(self, timeout: float) -> Probe:
        """Ask for a sign of life; never raises."""
        try:
            took = await self._bounded(lambda: self._prober.ask(timeout / 2), timeout)
        except ConnectionFault as exc:
            return Probe(fault=exc.fault)
        return Probe(took=timedelta(seconds=took))

    async def content(self, timeout: float) -> Content:
        """Tools, resources, templates and prompts, without `unlisted` values; raises ConnectionFault."""
        deadline = time.monotonic() + timeout
        tools = await self._bounded(lambda: content.read_tools(self._session), timeout)
        left = max(deadline - time.monotonic(), 0.1)
        items, unread = await self._bounded(lambda: content.read_items(self._session), left)
        return await content.without(Content(tools=tools, items=items, unread=unread), self.unlisted)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        timeout: float,
    ) -> CallOutcome:
        """Call one tool; a failure of whatever kind is an outcome that is not ok."""
        params = {"name": name, "arguments": arguments}
        try:
            raw = await self._bounded(lambda: self._session.ask("tools/call", params, cancel=True), timeout)
        except ConnectionFault as exc:
            if exc.fault.lost:
                self.lose(exc.fault)
            return CallOutcome(ok=False, content=[], structured=None, error=exc.fault.message)
        return read_outcome(raw)

    # -- closing ----------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The process of a stdio server; 0 for the others."""
        return self._child.pid if self._child is not None else 0

    def stderr(self) -> str:
        """The last 64 KiB that a stdio server wrote to stderr."""
        return self._child.stderr.text() if self._child is not None else ""

    async def close(self, *, force: bool = False) -> None:
        """End the session and the process tree behind it, within 12 s (1 s with *force*); never raises."""
        self._closing = True
        task = self._keep(self._close(force))
        await asyncio.wait({task}, timeout=FORCED_CLOSE_LIMIT if force else CLOSE_LIMIT)

    async def _close(self, force: bool) -> None:
        if self._child is not None:
            await self._child.stop(force=force)
        if self._client is None:
            return
        # The first close may re-raise the session's old error and skip the rest; the second then does it.
        for _ in range(2):
            with contextlib.suppress(Exception):  # a foreign boundary: whatever it raises, we are leaving
                await self._client.close()  # type: ignore[no-untyped-call]
        if self._transport is not None:
            await self._transport.end()
