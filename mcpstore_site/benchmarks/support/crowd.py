"""Many clients at once, each a bare connection: what was answered to whom, and how long it took."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

OPENED_AT_ONCE = 100
LONGEST = 120.0


@dataclass
class Answers:
    """Milliseconds of each answer, and how often which status came; 0 is a connection without an answer."""

    ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def good(self) -> int:
        return self.statuses[200]

    @property
    def bad(self) -> str:
        """What was not answered by 200, in words; empty where all was."""
        others = sorted((status, count) for status, count in self.statuses.items() if status != 200)
        return ", ".join(f"{count} × {status or 'no answer'}" for status, count in others)


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def all_at_once(port: int, requests: Sequence[bytes]) -> Answers:
    """Open a connection for each, send everything in the same moment, and wait for all answers."""
    return asyncio.run(_all_at_once(port, requests))


def again_and_again(port: int, asked: Sequence[bytes], clients: int, seconds: float) -> Answers:
    """So many clients ask these by turns, each anew as soon as it has its answer."""
    return asyncio.run(_again_and_again(port, asked, clients, seconds))


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, what: bytes, answers: Answers) -> bool:
        """Whether there was an answer; it is counted either way."""
        began = time.perf_counter()
        try:
            self.writer.write(what)
            async with asyncio.timeout(LONGEST):
                status = await self._status()
        except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError):
            status = 0
        answers.statuses[status] += 1
        answers.ms.append(1000 * (time.perf_counter() - began))
        return status != 0

    async def _status(self) -> int:
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        size = next((line[16:] for line in lines if line.startswith("content-length: ")), "0")
        await self._reader.readexactly(int(size))
        return int(lines[0].split(" ")[1])


async def _opened(port: int, count: int) -> list[_Connection]:
    """As many connections, some at a time: what is measured is not the queue of the listening socket."""
    found: list[_Connection] = []
    while len(found) < count:
        part = min(OPENED_AT_ONCE, count - len(found))
        pairs = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(part)))
        found += [_Connection(*pair) for pair in pairs]
    return found


async def _all_at_once(port: int, requests: Sequence[bytes]) -> Answers:
    connections, answers = await _opened(port, len(requests)), Answers()
    began = time.perf_counter()
    pairs = zip(connections, requests, strict=True)
    await asyncio.gather(*(connection.ask(what, answers) for connection, what in pairs))
    answers.seconds = time.perf_counter() - began
    _close(connections)
    return answers


async def _again_and_again(port: int, asked: Sequence[bytes], clients: int, seconds: float) -> Answers:
    connections, answers = await _opened(port, clients), Answers()
    began = time.perf_counter()

    async def one(number: int, connection: _Connection) -> None:
        # Not all ask the same at the same time.
        for what in islice(cycle(asked), number % len(asked), None):
            if time.perf_counter() - began >= seconds or not await connection.ask(what, answers):
                return

    await asyncio.gather(*(one(number, connection) for number, connection in enumerate(connections)))
    answers.seconds = time.perf_counter() - began
    _close(connections)
    return answers


def _close(connections: Sequence[_Connection]) -> None:
    for connection in connections:
        connection.writer.close()
