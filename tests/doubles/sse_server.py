"""The old transport with one fault at a time: answers come on an event stream, not on the POST."""

from __future__ import annotations

import asyncio
import json

from tests.doubles.fault_server import STATUSES, Asked, FaultServer

BIG = 1536 * 1024


class SseServer(FaultServer):
    """Modes: ok, error, a status (of the POST), silent, big-event, mute (of the stream), news (tools changed,
    told before the first ping's answer). `end_streams()` closes what is held."""

    def __init__(self, mode: str = "ok") -> None:
        super().__init__(mode, era="legacy")
        self._streams: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sse"

    def end_streams(self) -> None:
        for stream in self._streams:
            stream.close()

    async def answer_other(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        if self.mode in STATUSES:
            return self._reply(writer, STATUSES[self.mode][0], extra=STATUSES[self.mode][1])
        if self.mode == "html":
            return self._reply(writer, 200, b"<html>", "text/html")
        if self.mode == "mute":
            await asyncio.sleep(3600)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        self._streams.append(writer)
        self._event(writer, "endpoint", "/messages?session_id=1")
        await asyncio.sleep(3600)
        return False

    async def _misbehave(self, asked: Asked) -> bool:
        writer, message = asked.writer, asked.message
        if self.mode in STATUSES:
            return self._reply(writer, STATUSES[self.mode][0], extra=STATUSES[self.mode][1])
        if self.mode == "news" and message["method"] == "ping" and self.requests.count("ping") == 1:
            self.notify("notifications/tools/list_changed")
        if self.mode == "big-event":
            self._event(self._streams[-1], "message", f'{{"pad": "{"x" * BIG}"}}')
        elif "id" in message and self.mode != "silent":
            self._event(self._streams[-1], "message", json.dumps(self.said(message, self.mode, self.era)))
        return self._reply(writer, 202)

    def notify(self, method: str) -> None:
        self._event(self._streams[-1], "message", json.dumps({"jsonrpc": "2.0", "method": method}))

    @staticmethod
    def _event(writer: asyncio.StreamWriter, name: str, data: str) -> None:
        writer.write(f"event: {name}\r\ndata: {data}\r\n\r\n".encode())
