"""One connection, plain or TLS: a request goes out, its answer comes in, and then the next."""

from __future__ import annotations

import asyncio
import contextlib
import select
import ssl
import time
from typing import cast

import httpx2

from lifecycle.engine.wire.reading import Reading

READ_SIZE = 64 * 1024
READ_AHEAD = 256 * 1024
WRITE_LIMIT = 30.0
Origin = tuple[str, str, int]
"""Scheme, host and port: only there a connection may be used again."""


class Link(asyncio.Protocol):
    """Made by `dialling.dial`. At most one answer is under way; whoever gives it up aborts the connection.

    TLS runs in memory buffers, for asyncio's own keeps 256 KiB for each connection.
    """

    __slots__ = (
        "_broken",
        "_buffers",
        "_transport",
        "_waiter",
        "_writable",
        "closed",
        "idle_until",
        "kept",
        "origin",
        "reading",
        "tls",
    )

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._broken: Exception | None = None
        self._buffers: tuple[ssl.MemoryBIO, ssl.MemoryBIO] | None = None
        self._writable = True
        self.reading: Reading | None = None
        self.closed, self.kept = False, True
        self.origin: Origin = ("", "", 0)
        self.idle_until = 0.0
        self.tls: ssl.SSLObject | None = None

    @property
    def number(self) -> int:
        """Of its file; less than zero without one."""
        held = self._transport.get_extra_info("socket") if self._transport is not None else None
        return held.fileno() if held is not None else -1

    # -- called by whoever asks -------------------------------------------------------------------------

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Shake hands; ssl.SSLError, or ConnectError where the other side goes away meanwhile."""
        self._buffers = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(*self._buffers, server_hostname=name)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                if self.closed:
                    raise httpx2.ConnectError("") from self._broken
            finally:
                self._flush()
            await self._wait()
        self.tls = tls

    async def ask(self, request: bytes) -> Reading:
        """Send a whole request and wait for the head of its answer."""
        reading = self.reading = Reading()
        try:
            self._write(request)
            while not (reading.head or self._writable):
                await self._until_written(reading)
            while not reading.head:
                self._still_there(reading)
                await self._wait()
        except BaseException:
            self.abort()
            raise
        return reading

    async def more(self, reading: Reading) -> bytes:
        """The next part of the body; nothing at its end."""
        while not reading.chunks and not reading.complete:
            self._still_there(reading)
            await self._wait()
        if len(reading.chunks) == 1:
            return reading.chunks.pop()
        data, reading.chunks = b"".join(reading.chunks), []
        if self._transport is not None and not self.closed:
            self._transport.resume_reading()
        return data

    def usable(self, now: float) -> bool:
        """Whether another request may be sent: nothing came, not even the end."""
        if self.closed or now >= self.idle_until or self._transport is None:
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return not poll.poll(0)

    def rest(self, seconds: float) -> bool:
        """The answer was read to its end: whether the connection is kept, for so long."""
        reading, self.reading = self.reading, None
        through = reading is not None and reading.complete and reading.keeps and not reading.excess
        if self.closed or not through or not self._writable:
            self.abort()
            return False
        self.idle_until = time.monotonic() + seconds
        return True

    def abort(self) -> None:
        """Close without waiting for anything."""
        self.closed, self.reading = True, None
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close as one should: TLS is told."""
        if self.closed or self._transport is None:
            return
        self.closed = True
        if self.tls is not None:
            with contextlib.suppress(ssl.SSLError, ValueError):  # it wants to wait for the answer
                self.tls.unwrap()
            self._flush()
        self._transport.close()

    # -- waiting ----------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until something comes in, or can go out again."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _until_written(self, reading: Reading) -> None:
        self._still_there(reading)
        try:
            async with asyncio.timeout(WRITE_LIMIT):
                await self._wait()
        except TimeoutError as exc:
            raise httpx2.WriteTimeout("the request could not be sent in time") from exc

    def _still_there(self, reading: Reading) -> None:
        if self._broken is not None:
            raise self._broken
        if self.closed:
            raise httpx2.ReadError("the connection was closed")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- called by asyncio ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            if self._buffers is None:
                self._take(data)
            else:
                self._buffers[0].write(data)
                self._decrypt()
        except (httpx2.RemoteProtocolError, ssl.SSLError) as exc:
            self._fail(exc)
        self._wake()

    def eof_received(self) -> bool:
        self._end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._wake()

    # -- bytes ------------------------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        reading = self.reading
        if reading is None:  # nobody asked
            self.abort()
            return
        reading.feed(data)
        if len(reading.chunks) > 1 and sum(map(len, reading.chunks)) > READ_AHEAD and self._transport:
            self._transport.pause_reading()

    def _decrypt(self) -> None:
        """What came over TLS, once hands were shaken."""
        if self.tls is None:
            return
        try:
            while chunk := self.tls.read(READ_SIZE):
                self._take(chunk)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._end(None)
        self._flush()

    def _write(self, data: bytes) -> None:
        if self._transport is None or self.closed:
            return
        if self.tls is None:
            self._transport.write(data)
            return
        self.tls.write(data)
        self._flush()

    def _flush(self) -> None:
        if self._buffers is not None and self._buffers[1].pending and self._transport is not None:
            self._transport.write(self._buffers[1].read())

    def _end(self, exc: Exception | None) -> None:
        """The other side says no more."""
        if self.closed:
            self._wake()
            return
        self.closed = True
        try:
            if exc is not None and (self.reading is None or not self.reading.complete):
                raise _read_error(exc)
            if self.reading is not None:
                self.reading.ended()
        except httpx2.HTTPError as broken:
            self._broken = broken
        self._wake()

    def _fail(self, exc: Exception) -> None:
        broken = exc if isinstance(exc, httpx2.HTTPError) else _read_error(exc)
        self.closed, self._broken = True, self._broken or broken
        if self._transport is not None:
            self._transport.abort()


def _read_error(exc: Exception) -> httpx2.ReadError:
    error = httpx2.ReadError(str(exc))
    error.__cause__ = exc
    return error
