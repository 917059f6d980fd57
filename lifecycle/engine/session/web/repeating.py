"""A request that is sent again and again with another body, and what of its answers needs no thought."""

from __future__ import annotations

import httpx2

from lifecycle.engine.wire.reading import Reading
from lifecycle.engine.wire.transport import head_of, origin_of

JSON = "application/json"
TELLING = frozenset({b"set-cookie", b"content-encoding", b"location"})
MANY_HEADERS = 100


class Repeatable:
    """One request, put together once; all its bodies are of the length of the first."""

    __slots__ = ("_extensions", "_url", "head", "in_session", "origin")

    def __init__(self, request: httpx2.Request) -> None:
        self._url, self._extensions, self.origin = request.url, request.extensions, origin_of(request.url)
        self.head = head_of(request, len(request.content))
        self.in_session = "mcp-session-id" in request.headers

    def request(self, body: bytes) -> httpx2.Request:
        """As httpx2 has it, for whoever judges an answer that is not plain."""
        _, *lines = self.head.rstrip(b"\r\n").split(b"\r\n")
        parts = [line.partition(b": ") for line in lines]
        headers = [(name, value) for name, _, value in parts]
        return httpx2.Request("POST", self._url, headers=headers, content=body, extensions=self._extensions)


def plain(reading: Reading) -> bool:
    """Whether this is the head of an answer in JSON, with nothing in it that says more than that."""
    if reading.status != 200 or len(reading.headers) > MANY_HEADERS:
        return False
    names = {name.lower(): value for name, value in reading.headers}
    return names.get(b"content-type", b"").lower().startswith(JSON.encode()) and TELLING.isdisjoint(names)
