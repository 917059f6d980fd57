"""Many browsers at once, as light as they can be: `… listening PORT COUNT SHOW`.

The cookies of their sessions stand in the environment's COOKIE. Prints `ready` when all sockets are open
and have had their first frame. At the end of standard input it prints, as JSON, a list for each client:
feed id and wall-clock time of each frame.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import sys
import time
from itertools import cycle
from typing import Any, cast

AT_ONCE = 40
CONFIRM_EACH, CONFIRM_WITHIN = 4, 2.0


def masked(text: str) -> bytes:
    """A client's frame; masked with zeros, which changes nothing and costs nothing."""
    data = text.encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + data


class Listener(asyncio.Protocol):
    """One socket: says what it shows, confirms frames as the page does, notes their feed ids and times."""

    def __init__(self, request: bytes, show: str, failed: asyncio.Future[None]) -> None:
        self._request, self._show, self._failed = request, show, failed
        self._data = bytearray()
        self._open = False
        self._confirming: asyncio.TimerHandle | None = None
        self.frames: list[tuple[int, float]] = []
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._failed.done():
            self._failed.set_exception(SystemExit("the console closed a socket"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._open and not self._opened():
            return
        while (end := self._end()) and len(self._data) >= end[1]:
            self._heard(bytes(self._data[end[0] : end[0] + 40]), self._data[0] & 15)
            del self._data[: end[1]]

    def _opened(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._data.startswith(b"HTTP/1.1 101"):
            self._failed.set_exception(SystemExit(f"no socket: {bytes(self._data[:100])!r}"))
            return False
        del self._data[: end + 4]
        self._open = True
        self._transport.write(masked(self._show))
        return True

    def _end(self) -> tuple[int, int] | None:
        """Where the first frame's content begins and ends, once its head is there."""
        if len(self._data) < 2:
            return None
        size, start = self._data[1] & 127, 2
        more = {126: 2, 127: 8}.get(size, 0)
        if len(self._data) < 2 + more:
            return None
        if more:
            size, start = int.from_bytes(self._data[2 : 2 + more], "big"), 2 + more
        return start, start + size

    def _heard(self, begin: bytes, kind: int) -> None:
        if kind != 1 or not begin.startswith(b'{"id": '):
            return
        self.frames.append((int(begin[7:].partition(b",")[0]), time.time()))
        if len(self.frames) % CONFIRM_EACH == 0:
            self._confirm()
        elif self._confirming is None:
            self._confirming = asyncio.get_running_loop().call_later(CONFIRM_WITHIN, self._confirm)
        if not self.first.done():
            self.first.set_result(None)

    def _confirm(self) -> None:
        if self._confirming is not None:
            self._confirming.cancel()
            self._confirming = None
        self._transport.write(masked(f'{{"ack": {len(self.frames)}}}'))


async def until_either(failed: asyncio.Future[None], wanted: asyncio.Future[Any]) -> None:
    """Wait for *wanted*, but raise as soon as a socket has failed."""
    both: set[asyncio.Future[Any]] = {failed, wanted}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if failed.done():
        failed.result()


async def main(port: int, count: int, show: str) -> None:
    """Open all, say so, listen until standard input ends, print."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Cookie: "
    )
    requests = cycle([f"{head}{cookie}\r\n\r\n".encode() for cookie in os.environ["COOKIE"].split()])
    listeners: list[Listener] = []
    for start in range(0, count, AT_ONCE):
        part = [Listener(next(requests), show, failed) for _ in range(min(AT_ONCE, count - start))]
        for one in part:
            await loop.create_connection(lambda one=one: one, "127.0.0.1", port)  # type: ignore[misc]
        first = asyncio.ensure_future(asyncio.gather(*(one.first for one in part)))
        await until_either(failed, first)
        listeners += part
    ended = loop.run_in_executor(None, sys.stdin.read)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await until_either(failed, ended)
    sys.stdout.write(json.dumps([one.frames for one in listeners]) + "\n")


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
