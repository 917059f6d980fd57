"""Receivers on this machine: they take every message, and count them."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receivers:
    """`with Receivers() as them`: one server; each path is a channel."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()
        took = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                took(self.path, self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def _take(self, path: str, body: bytes) -> None:
        data = json.loads(body)["data"]
        self.messages[path] += 1
        self.alerts[path] += data.get("members_count", 1)

    @property
    def most(self) -> int:
        """Messages of the channel that had most."""
        return max(self.messages.values(), default=0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
