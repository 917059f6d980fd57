"""A socket that HTTP comes to, and which can die as a process does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Self


class HttpListener:
    """Holds the connections; whoever inherits it makes the `_exchange` of each request."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Like the death of the process: nothing listens, and every connection is reset."""
        if self._server is not None:
            await self._accept_no_more(self._server)
            self._server.close()
        self.drop()
        await asyncio.sleep(0)

    async def _accept_no_more(self, server: asyncio.Server) -> None:
        """Of a server closed between accepting a connection and making it, asyncio leaks the socket."""
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def drop(self) -> None:
        """Reset every connection; new ones are welcome."""
        for writer in list(self._writers):
            self._reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection goes on."""
        raise NotImplementedError

    def _reply(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes = b"",
        kind: str = "application/json",
        extra: str = "",
    ) -> bool:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() + body)
        return True

    @staticmethod
    def _reset(writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, AttributeError):
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
