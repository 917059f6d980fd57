"""The least HTTP client: one held connection, one request at a time, and how long each answer took."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    ms: float


class Caller:
    """Asks one console, as somebody with *headers*."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = headers

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """One request; *body* is sent as it is if it is bytes, else as JSON. An answer of 5xx is an error."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        started = time.perf_counter()
        self._connection.request(method, path, data, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 500:
            raise HTTPException(f"{method} {path}: {answer.status} {content[:300]!r}")
        return Answer(answer.status, content, 1000 * (time.perf_counter() - started))

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def json(self, path: str) -> Any:
        """The answer's content."""
        return json.loads(self.ask("GET", path).body)

    def times(self, count: int, method: str, path: str) -> list[float]:
        """Milliseconds of *count* equal requests, one after the other."""
        return [self.ask(method, path).ms for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def bearer(port: int, token: str) -> Caller:
    """As a program with an API token."""
    return Caller(port, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})


def browser(port: int, cookie: str) -> Caller:
    """As a signed-in browser."""
    return Caller(port, {"Cookie": cookie, "Accept": "text/html"})
