"""One held MCP session over stdio, streamable HTTP or SSE. FastMCP never leaves this room."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import mcp_types

from lifecycle.core.answers.proof import Phase, Proof
from lifecycle.core.health.verdict import Fault, Kind, Probe
from lifecycle.engine.bounded import SESSION_ENDED, LateError, abandon, here, no_answer
from lifecycle.engine.session.checks.probe import Prober
from lifecycle.engine.session.child.process import Child
from lifecycle.engine.session.faults.faults import ConnectionFault, classify
from lifecycle.engine.session.faults.silence import explain
from lifecycle.engine.session.faults.trace import TRACE, Trace, chain
from lifecycle.engine.session.lists.content import Content, clean, without
from lifecycle.engine.session.lists.pages import Lister
from lifecycle.engine.session.runner import OwnTransport
from lifecycle.engine.session.sdk import SdkSession
from lifecycle.engine.session.session import Patience, Session
from lifecycle.engine.session.tool_call import CallOutcome, read_outcome
from lifecycle.engine.session.watch import Greeting, Watch
from lifecycle.engine.session.web.subscription import BRIEFLY, Subscription, promised

CLOSE_LIMIT = 12.0
FORCED_CLOSE_LIMIT = 1.0
REST_SOON = 2.0
UNWINDING = 10.0  # within which the SDK has told the server that nobody waits any more
MOVED = "its address redirects to {path}, which is followed; set that path in its address"
LISTS_AT_MOST = 10  # times the limit of one request, for all lists with all their pages

T = TypeVar("T")


def _setter(alarm: asyncio.Future[Fault]) -> Callable[[Fault], None]:
    """Sets it off, if nothing else did."""
    return lambda fault: None if alarm.done() else alarm.set_result(fault)


class Connection:
    """A live session. Every wait in it is bounded; what goes wrong comes out as a Fault."""

    greeting: Greeting

    def __init__(self, watch: Watch, tasks: set[asyncio.Task[Any]]) -> None:
        self._watch = watch
        self._tasks = tasks
        self._alarms: list[asyncio.Future[Fault]] = []
        self._sdk = SdkSession(self._on_message, self._keep)
        self._child: Child | None = None
        self._subscription: Subscription | None = None
        self._listening: asyncio.Task[None] | None = None
        self._lost: Fault | None = None
        self._open = self._modern = self.promises_tools = False
        self._closing = False
        self._unwound_at = 0.0
        self.unlisted: frozenset[str] = frozenset()
        self.notes: dict[str, str] = {}
        self.certificate_until: datetime | None = None

    # -- opening: called by the Connector alone ---------------------------------------------------------

    def adopt(self, child: Child) -> None:
        """Own *child* from now on: end it with the connection, and report its exit."""
        self._child = child
        self._watch.on_child(child)
        self._keep(self._follow(child))

    async def greet(self, transport: OwnTransport, mode: str, patience: Patience) -> None:
        """Connect and negotiate; raises ConnectionFault."""
        session = await self._bounded(
            lambda: self._sdk.greet(transport, mode, patience.total), patience.total, Phase.CONNECT
        )
        info = session.server_info
        self.greeting = Greeting(
            protocol_version=session.protocol_version or "",
            server_name=clean(info.name)[:200] if info else "",
            server_version=clean(info.version)[:100] if info else "",
            mode=self._worked(session, mode),
        )
        self._prober = Prober(session, self._sdk.awake, self._watch.interval, self._watch.on_tools_changed)
        self._modern = session.modern
        offers = session.server_capabilities
        self.promises_tools = offers is not None and offers.tools is not None
        self._open = True
        if promised(session):  # where that is refused at once, one connection is enough
            await asyncio.wait({self._listen()}, timeout=BRIEFLY)

    def _worked(self, session: Session, mode: str) -> str:
        """What to begin with the next time; a program's silence may have been its start."""
        silent = session.undiscovered is not None and not session.modern
        return "legacy" if silent and self._child is None else mode

    async def _on_message(self, message: object) -> None:
        if self._closing:
            return
        if isinstance(message, mcp_types.ToolListChangedNotification):
            self._watch.on_tools_changed()
        elif isinstance(message, mcp_types.SubscriptionsAcknowledgedNotification) and self._subscription:
            self._subscription.acknowledged(message)

    def _listen(self) -> asyncio.Task[None]:
        self._subscription = Subscription(self._sdk.current, self._watch.on_tools_changed, self.stream_ended)
        self._listening = listening = self._keep(self._subscription.run())
        return listening

    def certified(self, ends: datetime) -> None:
        """When the certificate ends that its server shows now."""
        self.certificate_until = ends

    def moved(self, path: str) -> None:
        """The server redirects within its origin; that is followed, and told."""
        self.notes["moved"] = MOVED.format(path=path)

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
            ended = "the server ended the event stream"
            self.lose(Fault(kind=Kind.CLOSED, message=ended, lost=True, proof=Proof.GONE))

    def refused(self, fault: Fault, trace: Trace) -> None:
        """A message over SSE was refused: that ends the request, and the session where it is lost with it."""
        if fault.lost:
            self.lose(fault)
        elif trace.fail is not None:
            trace.fail(fault)

    def alarm(self, fault: Fault) -> None:
        """Fail the requests that are waiting now; later ones may work again."""
        for alarm in list(self._alarms):
            _setter(alarm)(fault)

    async def _follow(self, child: Child) -> None:
        await asyncio.wait({child.exited})
        self.lose(await child.epitaph())

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- requests ---------------------------------------------------------------------------------------

    async def _bounded(
        self, make: Callable[[], Coroutine[Any, Any, T]], limit: float, phase: Phase = Phase.CHECK
    ) -> T:
        """Run requests for at most *limit* seconds in all; every failure comes out as a ConnectionFault."""
        if self._lost is not None:
            raise ConnectionFault(self._lost)
        work = make()
        alarm: asyncio.Future[Fault] = asyncio.get_running_loop().create_future()
        self._alarms.append(alarm)
        trace = Trace(phase=phase, modern=self._modern, fail=_setter(alarm))
        context = contextvars.copy_context()
        context.run(TRACE.set, trace)
        task = asyncio.create_task(work, context=context)
        try:
            waiting: set[asyncio.Future[Any]] = {task, alarm}
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if alarm.done():
                raise ConnectionFault(alarm.result())
            raise ConnectionFault(self._late(limit, trace))
        except ConnectionFault:
            raise
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise ConnectionFault(SESSION_ENDED) from None
        except Exception as exc:  # a foreign boundary: the SDK and the server behind it
            raise ConnectionFault(await self._why(exc, trace, alarm)) from exc
        finally:
            self._alarms.remove(alarm)
            if not task.done():
                self._unwound_at = time.monotonic() + UNWINDING
            abandon(task)
            # The SDK's tasks live on in this context; a whole request must not live on with them.
            trace.sent = trace.fail = None

    async def _at_once(self, work: Coroutine[Any, Any, T], limit: float) -> T:
        """As `_bounded`, in the caller's task: for a check, whose requests end as soon as it is given up."""
        alarm: asyncio.Future[Fault] = asyncio.get_running_loop().create_future()
        self._alarms.append(alarm)
        trace = Trace(phase=Phase.CHECK, modern=self._modern, fail=_setter(alarm))
        before, unwound_at = TRACE.set(trace), time.monotonic() + limit + UNWINDING
        try:
            result, unwound_at = await here(work, limit, alarm), self._unwound_at
            return result
        except LateError:
            raise ConnectionFault(self._late(limit, trace)) from None
        except ConnectionFault:
            raise
        except Exception as exc:  # a foreign boundary: the SDK and the server behind it
            raise ConnectionFault(await self._why(exc, trace, alarm)) from exc
        finally:
            self._alarms.remove(alarm)
            self._unwound_at = unwound_at
            TRACE.reset(before)
            trace.sent = trace.fail = None

    def _late(self, limit: float, trace: Trace) -> Fault:
        return explain(no_answer(limit), trace, self._child, held=self._open)

    async def _why(self, exc: Exception, trace: Trace, alarm: asyncio.Future[Fault]) -> Fault:
        """The fault behind *exc*; of a child whose pipes closed, the exit that follows says more."""
        ours = (link.fault for link in chain(exc) if isinstance(link, ConnectionFault))
        fault = next(ours, None) or classify(exc, trace)
        fault = explain(fault, trace, self._child, held=self._open)
        if self._child is not None and fault.lost and self._lost is None:
            await asyncio.wait({alarm}, timeout=0.4)
        return self._lost or fault

    async def probe(self, timeout: float) -> Probe:
        """Ask for a sign of life, and whether the tools changed where nobody tells; never raises."""
        return await self._probe(timeout, plain=self._subscription is not None and self._subscription.open)

    async def _probe(self, timeout: float, *, plain: bool) -> Probe:
        try:
            if self._lost is not None:
                raise ConnectionFault(self._lost)
            took = await self._at_once(self._prober.ask(timeout / 2, plain=plain), timeout)
        except ConnectionFault as exc:
            return Probe(fault=exc.fault)
        self.rest()
        return Probe(took=timedelta(seconds=took))

    async def first_probe(self, timeout: float) -> timedelta | None:
        """How fast a session answers that was just made; None if that cannot be told within *timeout*."""
        probe = await self._probe(timeout, plain=True)
        if probe.fault is not None and probe.fault.gone:
            self._prober.distrust_ping()
        # By then the server has said whether it has a stream of its own messages.
        asyncio.get_running_loop().call_later(REST_SOON, self.rest)
        return probe.took

    async def content(self, limit: float, phase: Phase = Phase.LIST) -> Content:
        """Tools, resources, templates and prompts, without `unlisted` values; raises ConnectionFault.

        *limit* is that of each request.
        """

        async def read() -> tuple[Content, Lister]:
            lister = Lister(await self._sdk.awake(), limit)
            return await lister.read(), lister

        found, lister = await self._bounded(read, limit * LISTS_AT_MOST, phase)
        self._prober.read(lister.mark, lister.again)
        return await without(found, self.unlisted)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        timeout: float,
        meta: Mapping[str, str] | None = None,
    ) -> CallOutcome:
        """Call one tool; a failure of whatever kind is an outcome that is not ok. *meta* goes along."""
        params: dict[str, Any] = {"name": name, "arguments": arguments}
        if meta:
            params["_meta"] = dict(meta)
        try:
            raw = await self._bounded(lambda: self._call(params), timeout, Phase.CALL)
        except ConnectionFault as exc:
            if exc.fault.lost:
                self.lose(exc.fault)
            return CallOutcome(
                ok=False, content=[], structured=None, error=exc.fault.message, fault=exc.fault
            )
        return read_outcome(raw)

    async def _call(self, params: dict[str, Any]) -> dict[str, Any]:
        session = await self._sdk.whole()
        return await session.ask("tools/call", params, cancel=True)

    def rest(self) -> None:
        """Do without the SDK while nothing but checks goes on, if these can and nobody listens."""
        listening = self._listening is not None and not self._listening.done()
        held = self._open and self._lost is None and not self._closing
        unwinding = time.monotonic() < self._unwound_at
        if held and not (self._alarms or listening or unwinding) and self._prober.ready:
            self._subscription = self._listening = None
            self._sdk.rest()

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
        if self._listening is not None:
            abandon(self._listening)
        task = self._keep(self._close(force))
        await asyncio.wait({task}, timeout=FORCED_CLOSE_LIMIT if force else CLOSE_LIMIT)

    async def _close(self, force: bool) -> None:
        if self._child is not None:
            await self._child.stop(force=force)
        await self._sdk.close(self.greeting.protocol_version if self._open else "")
