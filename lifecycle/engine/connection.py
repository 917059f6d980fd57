"""Opens connections: what one worker's connections share, and the choice of the protocol's era."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import resource
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lifecycle.core.health import Fault, Kind
from lifecycle.engine.child import marker
from lifecycle.engine.child.process import Child, Command, SpawnError
from lifecycle.engine.child.transport import StdioTransport
from lifecycle.engine.content import Content, ItemRecord, ToolRecord
from lifecycle.engine.faults import ConnectionFault
from lifecycle.engine.holding import Connection, Greeting, Watch
from lifecycle.engine.http import EventStreamTransport, HttpMaker, SseWatch, StreamableTransport
from lifecycle.engine.runner import OwnTransport
from lifecycle.engine.toolcall import CallOutcome
from registry import reach
from registry.core.entry import OAUTH, ServiceConfig

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
FILES_WANTED = 65536
NEEDS_SIGN_IN = "needs sign-in by OAuth, for which the console opens no browser; give it a bearer token"


def _allow_many_files() -> None:
    """A held legacy session takes two sockets; the usual soft limit of 1,024 files would end at 500."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Connector:
    """One per worker: the SSLContext, the egress rule, the mark of the children, the modes that failed."""

    def __init__(self, *, run_dir: Path, worker: str) -> None:
        _allow_many_files()
        self._http = HttpMaker(reach.rule())
        self._mark = marker.Mark.of_this_process(run_dir)
        self._numbers = itertools.count(1)
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
    ) -> Connection:
        """Connect within *timeout* seconds, in *mode* or else the other; raises ConnectionFault.

        *interval* is how often it will be checked: idle connections are kept for longer.
        """
        watch = Watch(
            on_lost=on_lost, on_tools_changed=on_tools_changed, on_child=on_child, interval=interval
        )
        first = mode if mode in OTHER else "auto"
        # A server that choked on the newer protocol gets the older one next time, and the other way round.
        if self._timed_out.pop(name, None) == first:
            first = OTHER[first]
        flipped = first != mode and mode in OTHER
        deadline = time.monotonic() + timeout
        try:
            return await self._attempt(config, first, timeout, watch)
        except ConnectionFault as exc:
            if exc.fault.kind is Kind.TIMEOUT:
                self._timed_out[name] = first
            left = deadline - time.monotonic()
            if exc.fault.kind in FINAL or left < 0.5 or config.transport == "sse":
                raise
            if flipped:  # it was a guess, so what the usual mode says is what tells
                return await self._attempt(config, mode, left, watch)
            return await self._second(config, OTHER[first], left, watch, exc)

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
                await connection.greet(self._http_transport(connection, config, limit, watch), mode, limit)
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
            transport = StdioTransport(child, self._discover_limit(limit), lambda: _too_long(connection))
            await connection.greet(transport, mode, limit)

    async def _start(self, config: ServiceConfig) -> Child:
        command = Command(command=config.command, args=config.args, env=config.env, cwd=config.cwd or None)
        try:
            return await Child.start(command, self._mark.child(next(self._numbers)), self._tasks)
        except SpawnError as exc:
            raise ConnectionFault(Fault(kind=Kind.SPAWN, message=str(exc), lost=True)) from None

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

    @staticmethod
    def _discover_limit(limit: float) -> float:
        """Some old servers never answer what they do not know; leave time for the handshake."""
        return min(limit * DISCOVER_SHARE, DISCOVER_LIMIT)

    def _http_transport(
        self, connection: Connection, config: ServiceConfig, limit: float, watch: Watch
    ) -> OwnTransport:
        headers, url = _headers(config), config.url
        if urlsplit(url).scheme not in ("http", "https"):
            raise ConnectionFault(Fault(kind=Kind.POLICY, message="only http and https addresses are used"))
        if config.transport == "sse":
            sse = SseWatch(on_refused=connection.lose, on_end=connection.stream_ended)
            return EventStreamTransport(url, lambda: self._http.client(headers, sse, interval=watch.interval))
        return StreamableTransport(
            url, lambda: self._http.client(headers, interval=watch.interval), self._discover_limit(limit)
        )

    async def aclose(self) -> None:
        """Wait until everything that is still closing is closed, up to 12 s."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=12)


def _too_long(connection: Connection) -> None:
    connection.alarm(
        Fault(kind=Kind.OVERSIZE, message="a line of the answer is longer than 16 MiB and was dropped")
    )


def _headers(config: ServiceConfig) -> dict[str, str]:
    """The entry's headers and its token; signing in by browser is refused, for nobody sits at the worker."""
    headers = dict(config.headers)
    if config.auth == OAUTH:
        if not any(name.lower() == "authorization" for name in headers):
            raise ConnectionFault(Fault(kind=Kind.AUTH, message=NEEDS_SIGN_IN))
    elif config.auth:
        headers["Authorization"] = f"Bearer {config.auth}"
    return headers
