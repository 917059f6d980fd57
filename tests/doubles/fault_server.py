"""An MCP server over HTTP with one fault at a time, which can be changed while sessions are held.

In a test: `async with FaultServer(era="legacy") as server: ...; server.mode = "503"`. As a program:
`python -m tests.doubles.fault_server PORT [MODE] [ERA]`; a GET of `/mode/NAME` changes the fault.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.doubles.listener import HttpListener
from tests.doubles.protocol import answer

STATUSES = {
    "401": (401, "WWW-Authenticate: Bearer realm=double\r\n"),
    "403": (403, ""),
    "404": (404, ""),
    "429": (429, "Retry-After: 7\r\n"),
    "500": (500, ""),
    "503": (503, "Retry-After: 30\r\n"),
    "redirect": (307, "Location: http://127.0.0.2:9/elsewhere?token=1\r\n"),
}
HUGE = 50 * 1024 * 1024
UP, DOWN = 12, 4
LISTEN = "subscriptions/listen"
GREETINGS = ("initialize", "server/discover")


@dataclass(frozen=True, eq=False)
class Asked:
    """One request, and the fault that its answer is to have."""

    writer: asyncio.StreamWriter
    message: dict[str, Any]
    headers: dict[str, str]
    path: str
    mode: str
    era: str

    @property
    def method(self) -> str:
        return str(self.message["method"])

    @property
    def in_session(self) -> bool:
        return self.method != "initialize" and "mcp-session-id" in self.headers


class FaultServer(HttpListener):
    """Modes: ok, slow, hang, refuse, a status, redirect, html, garbage, reset, cut, endless, big, huge-list,
    huge-head, many-headers, some-headers-too-many, compressed, error, tool-error, bad-tool, duplicate-tools,
    endless-cursor, events, events-held, events-cut, wrong-id, cookies, forgets, flapping, slow-start,
    no-session, no-tools, listens, listens-briefly, brief-stream, and
    the cursors and results of `protocol`.
    `refuse` closes the listening socket as well. `moved` redirects paths, with a status and a location;
    `pause` comes before each answer, and what `late` has for a method before the next to that; a
    `stateless` one of the older era gives no session."""

    def __init__(self, mode: str = "ok", era: str = "legacy", delay: float = 0.3, port: int = 0) -> None:
        super().__init__(port)
        self.mode, self.era, self.delay = mode, era, delay
        self.requests: list[str] = []
        self.heard: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.paths: list[str] = []
        self.verbs: Counter[str] = Counter()
        self.agreed = 0
        self._listeners: list[tuple[asyncio.StreamWriter, Any]] = []
        self.moved: dict[str, tuple[int, str]] = {}
        self.pause = 0.0
        self.late: dict[str, Iterator[float]] = {}
        self.sessions, self.stateless = True, False
        self.version = "1.2"
        self.error: dict[str, Any] = {"code": -32603, "message": "I am alive"}
        self.gone: tuple[int, dict[str, Any] | None] = (404, None)
        self.more_tools: list[dict[str, Any]] = []
        self.lasts: int | None = None
        self._forgets_at = ""
        self._lives, self._spent = 1, 0
        self._counts: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def fault(self, path: str) -> tuple[str, str]:
        """The mode and the era in which a request for *path* is answered."""
        return self.mode, self.era

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        verb, path, _ = lines[0].split(" ")
        headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.paths.append(path)
        self.verbs[verb] += 1
        if path in self.moved:
            status, location = self.moved[path]
            return self._reply(writer, status, extra=f"Location: {location}\r\n")
        if path.startswith("/mode/"):
            self.mode = path.removeprefix("/mode/")
            return self._reply(writer, 204)
        if verb != "POST":
            return await self.answer_other(verb, writer)
        message = json.loads(body)
        self.requests.append(message.get("method", ""))
        self.heard.append((headers, message))
        await asyncio.sleep(self.pause + next(self.late.get(message.get("method", ""), iter(())), 0.0))
        return await self._misbehave(Asked(writer, message, headers, path, *self.fault(path)))

    async def answer_other(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        """GET asks for a stream of the server's own messages, which this one has only as `brief-stream`."""
        if verb == "GET" and self.mode == "brief-stream":
            return self._reply(writer, 200, b"retry: 10\r\n\r\n", "text/event-stream")
        return self._reply(writer, 405 if verb == "GET" else 200)

    async def _misbehave(self, asked: Asked) -> bool:
        writer = asked.writer
        match asked.mode:
            case "ok" if asked.era == "legacy" and asked.in_session and self._forgotten(asked):
                return self._turn_away(asked)
            case "forgets" if asked.era == "legacy" and asked.in_session and asked.method == "ping":
                return self._reply(writer, 404)
            case "listens" | "listens-briefly" if asked.method == LISTEN:
                return self._listen(asked)
            case "no-session" if asked.method == "initialize":
                error = {"code": -32600, "message": "Bad Request: Missing session ID"}
                return self._reply(
                    writer, 400, json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
                )
            case "slow":
                await asyncio.sleep(self.delay)
            case "slow-start" if asked.method in GREETINGS and self._first(asked):
                await asyncio.sleep(self.delay)
            case "hang":
                await asyncio.sleep(3600)
            case "flapping" if self._is_down(asked.path):
                self._reset(writer)
                return False
            case "reset" | "refuse":
                self._reset(writer)
                return False
            case "cut":
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
                )
                return False
            case "html":
                return self._reply(writer, 200, b"<html>hello</html>", "text/html")
            case "garbage":
                return self._reply(writer, 200, b'{"this": is not json')
            case "endless":
                return await self._flood(writer)
            case "big":
                return self._reply(writer, 200, b" " * (17 * 1024 * 1024) + b"{}")
            case "huge-list" if asked.method == "tools/list":
                return await self._huge_list(asked)
            case "huge-head":
                return self._reply(writer, 200, b"{}", extra=f"X-Huge: {'x' * 1024 * 1024}\r\n")
            case "many-headers":
                return self._reply(writer, 200, b"{}", extra="".join(f"X{n}: 1\r\n" for n in range(10_000)))
            case "some-headers-too-many":
                return self._reply(writer, 200, b"{}", extra="".join(f"X{n}: 1\r\n" for n in range(1_200)))
            case "compressed":
                return self._reply(writer, 200, b"\x1f\x8b", extra="Content-Encoding: gzip\r\n")
            case status if status in STATUSES:
                return self._reply(writer, STATUSES[status][0], extra=STATUSES[status][1])
        return self._answer(asked)

    def forget(self, at: str = "") -> None:
        """As after a restart, or once a session has expired: those from before are `gone`.

        With the method *at*, not before the next such request comes.
        """
        if at:
            self._forgets_at = at
        else:
            self._lives += 1

    @property
    def _session(self) -> str:
        return f"double-{self._lives}"

    def _forgotten(self, asked: Asked) -> bool:
        """A session is good for as many requests as it `lasts`."""
        if asked.method == self._forgets_at:
            self._forgets_at = ""
            self.forget()
        self._spent += 1
        spent = self.lasts is not None and self._spent > self.lasts
        return spent or not self.sessions or asked.headers["mcp-session-id"] != self._session

    def _turn_away(self, asked: Asked) -> bool:
        status, error = self.gone
        if error is None:
            return self._reply(asked.writer, status, b"Not Found", "text/plain")
        said = {"jsonrpc": "2.0", "id": asked.message.get("id"), "error": error}
        return self._reply(asked.writer, status, json.dumps(said).encode())

    def _first(self, asked: Asked) -> bool:
        """Whether this path has not been greeted in this way before."""
        self._counts[asked.path + asked.method] += 1
        return self._counts[asked.path + asked.method] == 1

    def _is_down(self, path: str) -> bool:
        """A dozen requests are answered, the next few are not, and so on."""
        self._counts[path] += 1
        return self._counts[path] % (UP + DOWN) > UP

    def _answer(self, asked: Asked) -> bool:
        writer, message, mode = asked.writer, asked.message, asked.mode
        if "id" not in message:
            return self._reply(writer, 202)
        said = self.said(message, mode, asked.era)
        session = ""
        if asked.method == "initialize" and not self.stateless:
            session, self._spent = f"Mcp-Session-Id: {self._session}\r\n", 0
        if mode == "cookies":
            session += f"Set-Cookie: turn={len(self.requests)}\r\n"
        if mode == "wrong-id":
            said["id"] = "another"
        if mode.startswith("events"):
            return self._events(writer, said, session, mode)
        return self._reply(writer, 200, json.dumps(said).encode(), extra=session)

    def said(self, message: dict[str, Any], mode: str, era: str) -> dict[str, Any]:
        """The answer in JSON-RPC."""
        if mode == "error":
            return {"jsonrpc": "2.0", "id": message["id"], "error": self.error}
        said = answer(message, mode, era)
        about = said["result"].get("_meta", {}) if "result" in said else {}
        for info in about.values():
            info["version"] = self.version
        if message["method"] == "tools/list":
            said["result"]["tools"] += self.more_tools
        return said

    def _events(self, writer: asyncio.StreamWriter, said: dict[str, Any], extra: str, mode: str) -> bool:
        """A log message, then the answer, as server-sent events; `events-held` leaves the stream open,
        `events-cut` ends the connection in the middle of the answer."""
        note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}
        text = "".join(f"event: message\r\ndata: {json.dumps(one)}\r\n\r\n" for one in (note, said))
        head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        if mode == "events-cut":
            writer.write(f"{head}{extra}\r\n{len(text):x}\r\n{text[:-20]}".encode())
            return False
        end = "" if mode == "events-held" else "0\r\n\r\n"
        writer.write(f"{head}{extra}\r\n{len(text):x}\r\n{text}\r\n{end}".encode())
        return True

    def _listen(self, asked: Asked) -> bool:
        """Agree and keep the stream open, or end it at once."""
        wanted = {"notifications": asked.message["params"]["notifications"]}
        head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        asked.writer.write(head.encode())
        self.agreed += 1
        self._listeners.append((asked.writer, asked.message["id"]))
        self._tell(self._listeners[-1:], "notifications/subscriptions/acknowledged", wanted)
        if asked.mode == "listens-briefly":
            self.end_listening()
        return True

    def tell_tools_changed(self) -> None:
        """To all who listen."""
        self._tell(self._listeners, "notifications/tools/list_changed", {})

    def end_listening(self) -> None:
        for writer, _ in self._listeners:
            writer.write(b"0\r\n\r\n")
        self._listeners.clear()

    def _tell(self, whom: Sequence[tuple[asyncio.StreamWriter, Any]], method: str, params: Any) -> None:
        for writer, number in whom:
            about = params | {"_meta": {"io.modelcontextprotocol/subscriptionId": number}}
            note = {"jsonrpc": "2.0", "method": method, "params": about}
            text = f"event: message\r\ndata: {json.dumps(note)}\r\n\r\n"
            writer.write(f"{len(text):x}\r\n{text}\r\n".encode())

    async def _flood(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()

    async def _huge_list(self, asked: Asked) -> bool:
        """A right answer of 50 MB, sent as fast as it is read."""
        said = answer(asked.message, "ok", asked.era)
        tool = said["result"]["tools"][0]
        said["result"]["tools"] = ["HERE"]
        before, after = json.dumps(said).split('"HERE"')
        last = json.dumps(tool | {"name": "last"})
        some = (json.dumps(tool | {"description": "x" * 960}) + ", ").encode() * 64
        times = HUGE // len(some)
        size = len(before) + times * len(some) + len(last) + len(after)
        head = f"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        asked.writer.write((head + before).encode())
        for _ in range(times):
            asked.writer.write(some)
            await asked.writer.drain()
        asked.writer.write((last + after).encode())
        return True


async def main(port: int, mode: str = "ok", era: str = "legacy") -> None:
    async with FaultServer(mode, era, port=port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:4]))
