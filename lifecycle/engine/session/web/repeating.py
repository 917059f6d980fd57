"""A request that is sent again and again with another body, and what of its answers needs no thought."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Self

import httpx2

from lifecycle.engine.wire.link import Origin
from lifecycle.engine.wire.reading import Reading
from lifecycle.engine.wire.transport import head_of, line_of, lines_of, origin_of

JSON = "application/json"
SESSION_ID = "mcp-session-id"
TELLING = frozenset({b"set-cookie", b"content-encoding", b"location"})
MANY_HEADERS = 100


class Base:
    """What the requests to one address have in common: `lines` but for the first, which names the verb."""

    __slots__ = ("_target", "lines", "origin", "url")

    def __init__(self, request: httpx2.Request) -> None:
        self.url, self.origin = request.url, origin_of(request.url)
        first, *self.lines = lines_of(request)
        self._target = first.partition(b" ")[2]

    def request(self, more: Mapping[str, str], length: int | None) -> Repeatable:
        """A POST with so long a body, or a GET; LocalProtocolError or UnicodeEncodeError."""
        verb = "GET" if length is None else "POST"
        headers = [line_of(name.encode("ascii"), value.encode("ascii")) for name, value in more.items()]
        lines = [b"%s %s" % (verb.encode(), self._target), *self.lines, *headers]
        if length is not None:
            lines.append(b"Content-Length: %d" % length)
        head = b"\r\n".join([*lines, b"", b""])
        return Repeatable(self.url, self.origin, head, in_session=SESSION_ID in more, verb=verb)


class Repeatable:
    """One request, put together once; all its bodies are of the length of the first."""

    __slots__ = ("_extensions", "_url", "head", "in_session", "origin", "verb")

    def __init__(
        self,
        url: httpx2.URL,
        origin: Origin,
        head: bytes,
        *,
        in_session: bool,
        verb: str = "POST",
        extensions: MutableMapping[str, Any] | None = None,
    ) -> None:
        self._url, self.origin, self.head, self.verb = url, origin, head, verb
        self.in_session, self._extensions = in_session, extensions

    @classmethod
    def of(cls, request: httpx2.Request) -> Self:
        """As httpx2 has put it together."""
        head, in_session = head_of(request, len(request.content)), SESSION_ID in request.headers
        origin = origin_of(request.url)
        return cls(request.url, origin, head, in_session=in_session, extensions=request.extensions)

    def request(self, body: bytes) -> httpx2.Request:
        """As httpx2 has it, for whoever judges an answer that is not plain."""
        _, *lines = self.head.rstrip(b"\r\n").split(b"\r\n")
        parts = [line.partition(b": ") for line in lines]
        headers = [(name, value) for name, _, value in parts]
        return httpx2.Request(
            self.verb, self._url, headers=headers, content=body or None, extensions=self._extensions
        )


class Sent:
    """A request that was answered plainly, and what makes others of its kind."""

    __slots__ = ("_base", "_more", "message")

    def __init__(self, base: Base, more: Mapping[str, str], message: dict[str, Any]) -> None:
        self._base, self._more, self.message = base, more, message

    def again(self, length: int) -> Repeatable:
        """The same with a body of so many bytes."""
        return self._base.request(self._more, length)


def bare(reading: Reading) -> bool:
    """Whether this answer is its status and nothing else."""
    through = reading.complete and not reading.size and len(reading.headers) <= MANY_HEADERS
    return through and all(name.lower() not in TELLING for name, _ in reading.headers)


def plain(reading: Reading) -> bool:
    """Whether this is the head of an answer in JSON, with nothing in it that says more than that."""
    if reading.status != 200 or len(reading.headers) > MANY_HEADERS:
        return False
    names = {name.lower(): value for name, value in reading.headers}
    return names.get(b"content-type", b"").lower().startswith(JSON.encode()) and TELLING.isdisjoint(names)
