"""One stdio server as the worker sees it: three pipes, a supervisor, and the news of its exit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.core.answers import causes, epitaph
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.child.lines import Ring
from lifecycle.engine.session.child.marker import MARKER, sweep_one
from lifecycle.engine.session.child.nursery import Nursery
from lifecycle.engine.session.child.spawning import LostError, SpawnError, explain

INHERITED = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ")
STDERR_PAUSE = 0.02
START_LIMIT = 20.0


@dataclass(frozen=True, kw_only=True)
class Command:
    command: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None
    given: Mapping[str, str] = field(default_factory=dict, repr=False)

    def environment(self, marker: str) -> dict[str, str]:
        """A few harmless variables of our own, what is *given* by choice, the entry's; never our secrets."""
        own = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**own, **self.given, **self.env, MARKER: marker}


class Child:
    """A running server. `exited` is done when it exits, `gone` when nothing of its tree is left."""

    def __init__(self, marker: str, tasks: set[asyncio.Task[Any]]) -> None:
        loop = asyncio.get_running_loop()
        self._marker = marker
        self._tasks = tasks
        self.pid = 0
        self.supervisor_pid = 0
        """The root of the tree: orphans in it belong to the supervisor."""
        self.stderr = Ring()
        self.stray = ""
        self.exited: asyncio.Future[int | None] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.stdout = asyncio.StreamReader(limit=256 * 1024)
        self._stderr = asyncio.StreamReader(limit=256 * 1024)
        self._started: asyncio.Future[int] = loop.create_future()
        self._started.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._transports: list[asyncio.BaseTransport] = []

    @classmethod
    async def start(
        cls, command: Command, marker: str, tasks: set[asyncio.Task[Any]], nursery: Nursery
    ) -> Child:
        """Start the server under a supervisor; raises SpawnError. *tasks* is where its followers are kept."""
        try:
            return await cls._start(command, marker, tasks, nursery)
        except LostError:
            # A nursery that is killed now takes along whom it has not forked yet. The next one is a new one.
            return await cls._start(command, marker, tasks, nursery)

    @classmethod
    async def _start(
        cls, command: Command, marker: str, tasks: set[asyncio.Task[Any]], nursery: Nursery
    ) -> Child:
        child = cls(marker, tasks)
        launching = asyncio.ensure_future(child._launch(command, nursery))
        try:
            # Shielded: given up half-way, it would leave a supervisor that nobody follows to its end.
            await asyncio.shield(launching)
            await asyncio.wait({child._started}, timeout=START_LIMIT)
            if not child._started.done():
                if not child.supervisor_pid:
                    nursery.let_go()
                raise SpawnError("the supervisor of the process did not answer")
            child.pid = child._started.result()
        except BaseException:
            await asyncio.wait({launching})
            child.kill()
            child.release()
            raise
        return child

    async def _launch(self, command: Command, nursery: Nursery) -> None:
        ours, theirs = socket.socketpair()
        stdin_r, stdin_w = os.pipe()
        stdout_r, stdout_w = os.pipe()
        stderr_r, stderr_w = os.pipe()
        try:
            nursery.hand_over(theirs.detach(), stdin_r, stdout_w, stderr_w)
        except OSError as exc:
            for number in (stdin_w, stdout_r, stderr_r):
                os.close(number)
            ours.close()
            raise SpawnError(f"the supervisor cannot be started: {exc.strerror}") from None
        await self._connect(ours, stdin_w, stdout_r, stderr_r)
        self._send_config(command)

    async def _connect(self, control: socket.socket, stdin: int, stdout: int, stderr: int) -> None:
        loop = asyncio.get_running_loop()
        reader, self._control = await asyncio.open_unix_connection(sock=control)
        for stream, number in ((self.stdout, stdout), (self._stderr, stderr)):
            transport, _ = await loop.connect_read_pipe(
                lambda stream=stream: asyncio.StreamReaderProtocol(stream),  # type: ignore[misc]
                open(number, "rb", 0),  # noqa: ASYNC230, PTH123, SIM115 - a descriptor; the transport closes it
            )
            self._transports.append(transport)
        writing, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop=loop),
            open(stdin, "wb", 0),  # noqa: ASYNC230, SIM115 - a descriptor; the transport closes it
        )
        self._transports.append(writing)
        self.stdin = asyncio.StreamWriter(writing, protocol, None, loop)
        self._background(self._listen(reader))
        self._drain = self._background(self._drain_stderr())

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _send_config(self, command: Command) -> None:
        environment = command.environment(self._marker)
        config = {
            "command": command.command,
            "args": list(command.args),
            "env": environment,
            "cwd": command.cwd,
        }
        self.command, self._path = command, environment.get("PATH", os.defpath)
        self._control.write(json.dumps(config).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Follow the supervisor until it is gone, and with it the whole tree."""
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self._hear(json.loads(line))
        if not self._started.done():
            error = SpawnError if self.supervisor_pid else LostError
            self._started.set_exception(error("the supervisor ended at once"))
        if not self.exited.done():
            # The supervisor itself was killed: the server died with it, its own children did not.
            sweep_one(self._marker)
            self.exited.set_result(None)
        self._control.close()
        self.gone.set_result(None)

    def _hear(self, message: dict[str, Any]) -> None:
        if "supervisor" in message:
            self.supervisor_pid = message["supervisor"]
        elif "started" in message and not self._started.done():
            self._started.set_result(message["started"])
        elif "failure" in message and not self._started.done():
            why_not = explain(self.command.command, self.command.cwd, self._path, *message["failure"])
            self._started.set_exception(why_not)
            self.exited.set_result(None)
        elif "exited" in message and not self.exited.done():
            self.exited.set_result(message["exited"])

    async def _drain_stderr(self) -> None:
        """Keep the end of stderr; a flood is held back by the pipe instead of filling our time."""
        while chunk := await self._stderr.read(65536):
            self.stderr.write(chunk)
            await asyncio.sleep(STDERR_PAUSE if len(chunk) > 4096 else 0)

    async def epitaph(self) -> Fault:
        """How the server ended, and why by what it printed."""
        # stderr may end a moment after the exit; a grandchild may hold it open for ever.
        await asyncio.wait({self._drain}, timeout=0.15)
        code = self.exited.result() if self.exited.done() else None
        printed, ending = self.stderr.text(), self.ending()
        reason = epitaph.why(printed)
        return Fault(
            kind=Kind.EXITED,
            message=f"{ending}: {reason}" if reason else ending,
            cause=causes.of_ending(code, reason or ending),
            output=epitaph.rest(printed),
            lost=True,
        )

    def ending(self) -> str:
        """How the server ended, in a word of ours alone."""
        code = self.exited.result() if self.exited.done() else None
        if code is None:
            return "the process ended"
        if code < 0:
            return f"the process was killed by {signal.Signals(-code).name}"
        return f"the process exited with code {code}"

    @property
    def drained(self) -> bool:
        """Whether nothing more can come over stderr."""
        return self._drain.done()

    def _order(self, order: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._control.write(order)

    def kill(self) -> None:
        """SIGKILL the whole tree."""
        if hasattr(self, "_control"):
            self._order(b"kill\n")

    async def stop(self, *, force: bool) -> None:
        """Close stdin, then SIGTERM and after 2 s SIGKILL for the tree; with *force* that at once."""
        if not force:
            self.stdin.close()
            await asyncio.wait({self.exited}, timeout=0.3)
        self._order(b"kill\n" if force else b"stop\n")
        await asyncio.wait({self.gone}, timeout=0.8 if force else 6)
        self.release()

    def release(self) -> None:
        """Let go of the pipes; the supervisor is followed until it is gone."""
        for transport in self._transports:
            if transport.is_closing():
                continue
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
            else:
                transport.close()
