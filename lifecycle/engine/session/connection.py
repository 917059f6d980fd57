"""Opens connections: what one worker's connections share, and the choice of the protocol's era."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.egress import outward
from lifecycle.engine.host import file_limits
from lifecycle.engine.session.child import marker
from lifecycle.engine.session.child.nursery import Nursery
from lifecycle.engine.session.child.process import Child, Command
from lifecycle.engine.session.child.spawning import SpawnError
from lifecycle.engine.session.child.transport import StdioTransport
from lifecycle.engine.session.faults import second_look
from lifecycle.engine.session.faults.faults import ConnectionFault
from lifecycle.engine.session.held import Connection
from lifecycle.engine.session.lists.content import Content, ItemRecord, ToolRecord
from lifecycle.engine.session.runner import OwnTransport
from lifecycle.engine.session.session import Patience
from lifecycle.engine.session.tool_call import CallOutcome
from lifecycle.engine.session.watch import Greeting, Watch
from lifecycle.engine.session.web.event_stream import EventStreamTransport
from lifecycle.engine.session.web.guarded import SseWatch
from lifecycle.engine.session.web.http import HttpMaker
from lifecycle.engine.session.web.streamable import StreamableTransport
from lifecycle.signin.flow.bearer import Bearer
from registry.core.entries.entry import OAUTH, ServiceConfig
from registry.installation import egress

__all__ = [
    "CallOutcome",
    "Connection",
    "ConnectionFault",
    "Connector",
    "Content",
    "Greeting",
    "ItemRecord",
    "ToolRecord",
]

FINAL = frozenset(
    {Kind.REFUSED, Kind.DNS, Kind.TLS, Kind.AUTH, Kind.SPAWN, Kind.POLICY, Kind.TIMEOUT, Kind.OVERSIZE}
)
OTHER = {"auto": "legacy", "legacy": "auto"}
DISCOVER_SHARE = 0.4
DISCOVER_LIMIT = 10.0
START_SLOT_LIMIT = 5.0
EVENT_TOO_LARGE = Fault(
    kind=Kind.OVERSIZE, message="an event of the stream is larger than 1 MiB and was not read", lost=True
)
NEEDS_SIGN_IN = "needs sign-in by OAuth: a person signs in on its page"


class Connector:
    """One per worker: the SSLContext, the egress rule, the mark of the children, the modes that failed."""

    def __init__(self, *, run_dir: Path, worker: str) -> None:
        file_limits.allow_many_files()
        self.http = HttpMaker(egress.rule())
        self._given = outward.for_children(run_dir)
        self._mark = marker.Mark.of_this_process(run_dir)
        self._numbers = itertools.count(1)
        self._nursery = Nursery(self._mark.child(0))
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timed_out: dict[str, str] = {}
        self._starts = asyncio.Semaphore(os.cpu_count() or 1)

    async def sweep(self) -> int:
        """End the children that a killed worker of this installation left behind; returns how many."""
        return await asyncio.to_thread(marker.sweep, self._mark.installation)

    async def open(
        self,
        config: ServiceConfig,
        *,
        name: str,
        mode: str,
        timeout: float,
        interval: float = 30.0,
        on_lost: Callable[[Fault], None],
        on_tools_changed: Callable[[], None],
        on_child: Callable[[Child], None] = lambda child: None,
        bearer: Bearer | None = None,
    ) -> Connection:
        """Connect in *mode* or else the other, each answer within *timeout* seconds; raises ConnectionFault.

        *interval* is how often it will be checked: idle connections are kept for longer. *bearer* is its
        sign-in.
        """
        watch = Watch(
            on_lost=on_lost,
            on_tools_changed=on_tools_changed,
            on_child=on_child,
            interval=interval,
            bearer=bearer,
        )
        try:
            return await self._open(config, name, mode, timeout, watch)
        except ConnectionFault as exc:
            if config.transport == "stdio":
                raise
            seen = await second_look.again(self.http, config, _headers(config, bearer), exc.fault)
            raise ConnectionFault(seen) from exc

    async def _open(
        self, config: ServiceConfig, name: str, mode: str, timeout: float, watch: Watch
    ) -> Connection:
        first = mode if mode in OTHER else "auto"
        # A server that choked on the newer protocol gets the older one next time, and the other way round.
        if self._timed_out.pop(name, None) == first:
            first = OTHER[first]
        flipped = first != mode and mode in OTHER
        try:
            return await self._attempt(config, first, timeout, watch)
        except ConnectionFault as exc:
            if exc.fault.kind is Kind.TIMEOUT:
                self._timed_out[name] = first
            if exc.fault.kind in FINAL or config.transport == "sse":
                raise
            if flipped:  # it was a guess, so what the usual mode says is what tells
                return await self._attempt(config, mode, timeout, watch)
            return await self._second(config, OTHER[first], timeout, watch, exc)

    def unlearn(self, name: str) -> None:
        """The last timeout of *name* was our own doing: it says nothing about the protocol of the server."""
        self._timed_out.pop(name, None)

    async def _second(
        self, config: ServiceConfig, mode: str, limit: float, watch: Watch, first: ConnectionFault
    ) -> Connection:
        """The other mode; if that fails as well, the first failure is the one that tells."""
        try:
            return await self._attempt(config, mode, limit, watch)
        except ConnectionFault:
            raise first from None

    async def _attempt(self, config: ServiceConfig, mode: str, limit: float, watch: Watch) -> Connection:
        connection = Connection(watch, self._tasks)
        try:
            if config.transport == "stdio":
                await self._open_stdio(connection, config, mode, limit)
            else:
                patience = Patience(discover=limit, handshake=limit, each=limit)
                transport = self._http_transport(connection, config, patience, watch)
                await connection.greet(transport, mode, patience)
        except BaseException:
            # In the background: what hangs must not hang us.
            task = asyncio.create_task(connection.close())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            raise
        return connection

    async def _open_stdio(
        self, connection: Connection, config: ServiceConfig, mode: str, limit: float
    ) -> None:
        """Start and greet; as many at once as there are cores, for starting is mostly computing."""
        async with self._start_slot():
            child = await self._start(config)
            connection.adopt(child)
            patience = _for_a_program(limit, mode)
            transport = StdioTransport(child, patience, connection.alarm)
            await connection.greet(transport, mode, patience)

    async def _start(self, config: ServiceConfig) -> Child:
        command = Command(
            command=config.command,
            args=config.args,
            env=config.env,
            cwd=config.cwd or None,
            given=self._given,
        )
        try:
            marker = self._mark.child(next(self._numbers))
            return await Child.start(command, marker, self._tasks, self._nursery)
        except SpawnError as exc:
            fault = Fault(kind=Kind.SPAWN, message=str(exc), cause=exc.cause, lost=True)
            raise ConnectionFault(fault) from None

    @contextlib.asynccontextmanager
    async def _start_slot(self) -> AsyncIterator[None]:
        """A turn to start a child; one that takes long gives its turn away."""
        await self._starts.acquire()
        turn = contextlib.ExitStack()
        turn.callback(self._starts.release)
        timer = asyncio.get_running_loop().call_later(START_SLOT_LIMIT, turn.close)
        try:
            yield
        finally:
            timer.cancel()
            turn.close()

    def _http_transport(
        self, connection: Connection, config: ServiceConfig, patience: Patience, watch: Watch
    ) -> OwnTransport:
        headers, url = _headers(config, watch.bearer), config.url
        if urlsplit(url).scheme not in ("http", "https"):
            raise ConnectionFault(Fault(kind=Kind.POLICY, message="only http and https addresses are used"))
        transport = partial(
            self.http.transport,
            interval=watch.interval,
            on_moved=connection.moved,
            on_certificate=connection.certified,
            bearer=watch.bearer,
        )
        client = partial(self.http.client, headers)
        if config.transport == "sse":
            sse = SseWatch(
                on_refused=connection.refused,
                on_oversize=lambda: connection.lose(EVENT_TOO_LARGE),
                on_end=connection.stream_ended,
            )
            return EventStreamTransport(url, lambda: client(transport(sse)), patience)
        return StreamableTransport(url, transport(), client, partial(self.http.request, headers), patience)

    async def aclose(self) -> None:
        """Wait until everything that is still closing is closed, up to 12 s."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=12)
        await self._nursery.aclose()


def _for_a_program(limit: float, mode: str) -> Patience:
    """Up to *limit* until it says something.

    Some old programs never answer what they do not know, so the handshake is sent soon: one that only starts
    slowly answers both.
    """
    share = min(limit * DISCOVER_SHARE, DISCOVER_LIMIT)
    return Patience(discover=share, handshake=limit - (share if mode == "auto" else 0), each=limit)


def _headers(config: ServiceConfig, bearer: Bearer | None = None) -> dict[str, str]:
    """The entry's headers and its token; one that wants a sign-in is not knocked at before there is one."""
    headers = dict(config.headers)
    if config.auth == OAUTH:
        if bearer is None and not any(name.lower() == "authorization" for name in headers):
            fault = Fault(kind=Kind.AUTH, message=NEEDS_SIGN_IN, cause=Cause.NEEDS_SIGN_IN)
            raise ConnectionFault(fault)
    elif config.auth:
        headers["Authorization"] = f"Bearer {config.auth}"
    return headers
