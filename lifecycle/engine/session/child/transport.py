"""Carries MCP messages over the pipes of a child; lines that are none are counted, not logged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Unpack

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from fastmcp.client.transports.base import SessionKwargs, TransportOptions
from mcp import ClientSession
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.child.lines import LineSplitter
from lifecycle.engine.session.child.process import Child
from lifecycle.engine.session.runner import OwnTransport
from lifecycle.engine.session.session import Patience, Session

STRAY_ALLOWANCE = 128 * 1024
STRAY_COST = 32
LINE_ALLOWANCE = 100
STRAY_SHOWN = 1000
PAUSE = 0.05
TOO_LONG = Fault(kind=Kind.OVERSIZE, message="a line of the answer is longer than 16 MiB and was dropped")


def spoilt(line: bytes) -> Fault | None:
    """What is wrong with a line that was meant as an answer: whoever waits for it need not wait on."""
    text = line.decode("utf-8", "replace")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or "id" not in message or not message.keys() & {"result", "error"}:
        return None
    if "\N{REPLACEMENT CHARACTER}" in text:
        said = "an answer is not UTF-8, as MCP prescribes, and cannot be read"
        return Fault(kind=Kind.PROTOCOL, message=said, cause=Cause.NOT_UTF8)
    return Fault(kind=Kind.PROTOCOL, message="an answer is not valid JSON-RPC 2.0 and cannot be read")


class StdioTransport(OwnTransport):
    """A session over an already running child; stopping the child is its owner's business."""

    def __init__(self, child: Child, patience: Patience, on_fault: Callable[[Fault], None]) -> None:
        self._child, self._patience, self._on_fault = child, patience, on_fault
        self._stray = 0
        self._lines = 0
        self._since = time.monotonic()

    @contextlib.asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncIterator[ClientSession]:
        self._remember()
        inbound_send, inbound = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outbound, outbound_receive = anyio.create_memory_object_stream[SessionMessage](0)
        async with inbound_send, inbound, outbound, outbound_receive, anyio.create_task_group() as group:
            group.start_soon(self._read, inbound_send)
            group.start_soon(self._write, outbound_receive)
            try:
                async with Session(inbound, outbound, **session_kwargs) as session:
                    session.patience = self._patience
                    yield session
            finally:
                group.cancel_scope.cancel()

    async def _read(self, inbound: ObjectSendStream[SessionMessage | Exception]) -> None:
        splitter = LineSplitter()
        async with inbound:
            while chunk := await self._child.stdout.read(65536):
                for line in splitter.feed(chunk):
                    await self._take(line, inbound)

    async def _take(self, line: bytes | None, inbound: ObjectSendStream[SessionMessage | Exception]) -> None:
        if line is None:
            self._on_fault(TOO_LONG)
            return
        if self._stray > STRAY_ALLOWANCE or self._lines > LINE_ALLOWANCE:
            await self._breathe()
        if not line.lstrip().startswith(b"{"):
            self._set_aside(line)
            return
        self._lines += 1
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            self._set_aside(line)
            if fault := spoilt(line):
                self._on_fault(fault)
            return
        with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            await inbound.send(SessionMessage(message))

    def _set_aside(self, line: bytes) -> None:
        """Keep what was printed by mistake with stderr, where people look for it."""
        if line.strip():
            self._stray += len(line) + STRAY_COST
            self._child.stray = line[:STRAY_SHOWN].decode("utf-8", "replace").strip()
            self._child.stderr.write(b"stdout: " + line[:STRAY_SHOWN] + b"\n")

    async def _breathe(self) -> None:
        """Let a server that floods its stdout wait on the pipe instead of taking our time."""
        await asyncio.sleep(self._since + PAUSE - time.monotonic())
        self._stray, self._lines, self._since = 0, 0, time.monotonic()

    async def _write(self, outbound: ObjectReceiveStream[SessionMessage]) -> None:
        async with outbound:
            async for item in outbound:
                line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                self._child.stdin.write(line.encode() + b"\n")
                with contextlib.suppress(ConnectionError):
                    await self._child.stdin.drain()
