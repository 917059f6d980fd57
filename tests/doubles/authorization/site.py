"""The HTTP of the doubles: one listener, any number of parts that answer or pass on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.doubles.authorization.script import Answer, Json


@dataclass(frozen=True)
class Request:
    verb: str
    path: str
    query: Json
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> Json:
        return flat(self.body.decode())

    def json(self) -> Any:
        return json.loads(self.body)


Part = Callable[[Request], Answer | None]


@dataclass
class Site:
    """An origin. What no part answers is not found."""

    origin: str = ""
    parts: list[Part] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        found = (answer for part in self.parts if (answer := part(request)) is not None)
        return next(found, Answer(status=404, body={"error": "not found"}))


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self._answer(b"")

    def do_DELETE(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.site.answer(Request(self.command, parts.path, flat(parts.query), headers, body))
        time.sleep(answer.after)
        if answer.lost:
            self.close_connection = True
            return
        said = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.encode())))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news."""


@contextmanager
def listening(port: int = 0) -> Iterator[Site]:
    site = Site()

    class Own(Handler):
        pass

    Own.site = site
    server = _Server(("127.0.0.1", port), Own)
    site.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def flat(text: str) -> Json:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
