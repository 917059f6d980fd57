"""TCP and TLS under httpcore: what is sent arrives, what breaks is said in its words, no wait is endless."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpcore2
import pytest

from lifecycle.streams import TcpBackend
from tests.engine.test_connection_http import self_signed

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MUCH = bytes(range(256)) * 20_000


@asynccontextmanager
async def connected(
    serve: Serve, tls: ssl.SSLContext | None = None
) -> AsyncIterator[httpcore2.AsyncNetworkStream]:
    served: list[asyncio.Task[None]] = []

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(_serve(serve, reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    stream: httpcore2.AsyncNetworkStream = await TcpBackend().connect_tcp(*server.sockets[0].getsockname())
    if tls is not None:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        stream = await stream.start_tls(trusting, "localhost", 5)
    try:
        yield stream
    finally:
        await stream.aclose()
        server.close()
        await asyncio.wait_for(asyncio.gather(*served), 5)


async def _serve(serve: Serve, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        await serve(reader, writer)
    writer.transport.abort()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"bye")
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(1)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_much_comes_back_as_it_was_sent(tmp_path: Path, encrypted: bool) -> None:
    async with connected(echo, self_signed(tmp_path) if encrypted else None) as stream:
        sending = asyncio.create_task(stream.write(MUCH, 10))
        await asyncio.sleep(0.1)  # so that more than is read ahead lies waiting
        back = b""
        while len(back) < len(MUCH):
            back += await stream.read(100_000, 10)
        await sending
        assert back == MUCH
        assert (stream.get_extra_info("ssl_object") is not None) is encrypted
        assert not stream.get_extra_info("is_readable")


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_reader_waits_no_longer_than_it_wants_to(tmp_path: Path, encrypted: bool) -> None:
    async with connected(silent, self_signed(tmp_path) if encrypted else None) as stream:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(100, 0.05)


async def test_the_end_comes_after_the_last_word_and_shows_before_it_is_read() -> None:
    async with connected(hang_up) as stream:
        await stream.write(b".")
        assert await stream.read(100, 5) == b"bye"
        assert await stream.read(100, 5) == b""
        assert stream.get_extra_info("is_readable")


async def test_what_came_while_the_event_loop_was_busy_shows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = await TcpBackend().connect_tcp(*server.getsockname())
        peer, _ = server.accept()
        assert not stream.get_extra_info("is_readable")
        peer.close()
        assert stream.get_extra_info("is_readable")
        await stream.aclose()


async def test_a_reset_is_an_error_of_reading_and_of_writing() -> None:
    async with connected(reset) as stream:
        await stream.write(b".")
        with pytest.raises(httpcore2.ReadError):
            await stream.read(100, 5)
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"more")


async def test_a_writer_waits_for_a_peer_that_does_not_read_but_not_for_ever() -> None:
    async with connected(deaf) as stream:
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(MUCH * 4, 0.2)


async def test_closing_wakes_who_reads() -> None:
    async with connected(silent) as stream:
        reading = asyncio.create_task(stream.read(100))
        await asyncio.sleep(0)
        await stream.aclose()
        with pytest.raises(httpcore2.ReadError):
            await asyncio.wait_for(reading, 5)


async def test_nobody_there_and_no_tls_there_are_errors_of_connecting() -> None:
    with pytest.raises(httpcore2.ConnectError):
        await TcpBackend().connect_tcp("127.0.0.1", 1)
    async with connected(echo) as stream:
        with pytest.raises(httpcore2.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "localhost", 5)
    async with connected(silent) as stream:
        with pytest.raises(httpcore2.ConnectTimeout):
            await stream.start_tls(ssl.create_default_context(), "localhost", 0.05)
