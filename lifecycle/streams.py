"""TCP for HTTP clients that are held by the thousand: asyncio's own protocol, and anyio only for TLS.

httpcore's usual stream is anyio's, which keeps three queues, two events and two guards for each connection,
and makes a cancel scope for each read and write.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Iterable
from typing import Any, cast

import anyio
import httpcore2
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

READ_AHEAD = 256 * 1024
AT_ONCE = 64 * 1024


class TcpStream(asyncio.Protocol, ByteStream, httpcore2.AsyncNetworkStream):
    """One connection, for one reader and one writer at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._ended = self._closed = self._paused = self._full = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # -- what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        if len(self._data) > READ_AHEAD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self._ended = True
        _wake(self._reader)
        return True  # what is being sent may still arrive; whoever reads closes

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    # -- for anyio's TLS

    async def receive(self, max_bytes: int = AT_ONCE) -> bytes:
        while not self._data:
            if self._closed:
                raise anyio.ClosedResourceError
            if self._error is not None:
                raise anyio.BrokenResourceError from self._error
            if self._ended:
                raise anyio.EndOfStream
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data, self._data = self._data[:max_bytes], self._data[max_bytes:]
        if self._paused and not self._data and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def send(self, item: bytes) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        if self._transport is None or self._transport.is_closing():
            raise anyio.BrokenResourceError from self._error
        self._transport.write(item)
        while self._full:
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer
            if self._transport.is_closing():
                raise anyio.BrokenResourceError from self._error

    async def send_eof(self) -> None:
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    async def aclose(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.close()
            self._transport.abort()  # nothing waits for a peer that does not read
        _wake(self._reader)
        _wake(self._writer)

    # -- for httpcore

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await _read(self, max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await _write(self, buffer, timeout)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                tls = await TLSStream.wrap(
                    self,
                    ssl_context=ssl_context,
                    hostname=server_hostname,
                    standard_compatible=False,
                    server_side=False,
                )
        except TimeoutError as exc:
            await self.aclose()
            raise httpcore2.ConnectTimeout(str(exc)) from exc
        except (anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError) as exc:
            await self.aclose()
            raise httpcore2.ConnectError(str(exc)) from exc
        except BaseException:
            await self.aclose()
            raise
        return _Encrypted(self, tls)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # httpcore asks so whether the server has closed it meanwhile
            return bool(self._data) or self._ended or self._closed or self._something_waits()
        if info == "socket" and self._transport is not None:
            return self._transport.get_extra_info("socket")
        return None

    def _something_waits(self) -> bool:
        """What came while the event loop was busy is not yet known otherwise."""
        sock = self.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))


class _Encrypted(httpcore2.AsyncNetworkStream):
    """TLS on a connection."""

    def __init__(self, below: TcpStream, tls: TLSStream) -> None:
        self._below, self._tls = below, tls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await _read(self._tls, max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await _write(self._tls, buffer, timeout)

    async def aclose(self) -> None:
        await self._tls.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._tls.extra_attributes[TLSAttribute.ssl_object]()
        return self._below.get_extra_info(info)


class TcpBackend(httpcore2.AsyncNetworkBackend):
    """Connects to one address."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> TcpStream:
        local = None if local_address is None else (local_address, 0)
        try:
            async with asyncio.timeout(timeout):
                loop = asyncio.get_running_loop()
                _, stream = await loop.create_connection(TcpStream, host, port, local_addr=local)
        except TimeoutError as exc:
            raise httpcore2.ConnectTimeout(str(exc)) from exc
        except OSError as exc:
            raise httpcore2.ConnectError(str(exc)) from exc
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


async def _read(stream: ByteStream, max_bytes: int, timeout: float | None) -> bytes:
    try:
        async with asyncio.timeout(timeout):
            return await stream.receive(max_bytes)
    except anyio.EndOfStream:
        return b""
    except TimeoutError as exc:
        raise httpcore2.ReadTimeout(str(exc)) from exc
    except (anyio.BrokenResourceError, anyio.ClosedResourceError) as exc:
        raise httpcore2.ReadError(str(exc)) from exc


async def _write(stream: ByteStream, buffer: bytes, timeout: float | None) -> None:
    if not buffer:
        return
    try:
        async with asyncio.timeout(timeout):
            await stream.send(buffer)
    except TimeoutError as exc:
        raise httpcore2.WriteTimeout(str(exc)) from exc
    except (anyio.BrokenResourceError, anyio.ClosedResourceError) as exc:
        raise httpcore2.WriteError(str(exc)) from exc
