"""The sign of life over streamable HTTP at a fraction of its price: the session's own request, sent again.

The SDK makes the first request of a kind, with all its headers and stamps; we send the same bytes with ids of
our own, through the same pool and the same guards. A plain answer counts; one that was compared before, and
is the same to the byte but for our id, is not read again. What is not plain is asked again through the SDK,
so that there is one place that explains what went wrong.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import httpx2
from mcp import MCPError
from mcp_types import INTERNAL_ERROR

from lifecycle.engine.session.faults.trace import Trace
from lifecycle.engine.session.web.events import EventTooLargeError, body_of, events_of, let_end
from lifecycle.engine.session.web.guarded import GuardedTransport
from lifecycle.engine.session.web.repeating import Repeatable, Sent

FIRST_ID, LAST_ID = 1_000_000_000, 9_999_999_999
MARK = str(FIRST_ID).encode()
NO_WORD = "Server returned an error response"


class NotPlainError(Exception):
    """What came back is not plainly an answer to the request; the SDK may know what it is."""


class FastPing:
    """One request of a session, ready to be sent any number of times, one after the other."""

    __slots__ = (
        "_id",
        "_known",
        "_last",
        "_parts",
        "_repeatable",
        "_request",
        "_result",
        "_transport",
        "method",
        "outdated",
    )

    def __init__(
        self, transport: httpx2.AsyncBaseTransport, sent: httpx2.Request | Sent, message: dict[str, Any]
    ) -> None:
        self.method: str = message["method"]
        rest = {key: value for key, value in message.items() if key != "id"}
        # All ids are of one length, and the id comes first, so that it is the one that is found.
        whole = json.dumps({"id": FIRST_ID, **rest}, separators=(",", ":")).encode()
        before, _, after = whole.partition(MARK)
        self._parts = before, after
        self._transport, self._id = transport, FIRST_ID
        self._repeatable: Repeatable | None
        self._request: httpx2.Request | None = None
        if isinstance(sent, Sent):
            self._repeatable = sent.again(len(whole))
        else:
            request = _again(sent, whole)
            guarded = transport if isinstance(transport, GuardedTransport) else None
            self._repeatable = guarded.repeatable(request) if guarded else None
            # The whole request takes 4 kB, which thousands of services need not have.
            self._request = None if self._repeatable else request
        self.outdated = False
        self._known: bytes | None = None
        self._result: dict[str, Any] | None = None
        self._last: bytes | None = None

    async def beat(self) -> tuple[float, dict[str, Any] | None]:
        """The seconds until the result, and that, or None where it is the one that is `known`.

        MCPError for an error or a failed status, else NotPlainError.
        """
        self._id = self._id + 1 if self._id < LAST_ID else FIRST_ID
        body = str(self._id).encode().join(self._parts)
        started = time.monotonic()
        response = await self._send(body)
        if isinstance(response, bytes):
            if not self._is_mine(response):
                raise NotPlainError
            taken, self._result = self._result, None
            return time.monotonic() - started, taken
        # The SDK keeps cookies, and this request has those of its own time.
        self.outdated = "set-cookie" in response.headers
        try:
            return await self._answered(response) - started, self._result
        finally:
            self._result = None
            await response.aclose()

    async def _send(self, body: bytes) -> bytes | httpx2.Response:
        """By the shorter way, where it can be gone."""
        if self._repeatable is not None and isinstance(self._transport, GuardedTransport):
            return await self._transport.repeat(self._repeatable, body)
        assert self._request is not None
        self._request.stream = httpx2.ByteStream(body)
        return await self._transport.handle_async_request(self._request)

    def know(self, *, last: bool) -> None:
        """Nothing is to be learnt from another answer like the *last* one; or from now on there is."""
        self._known = self._last if last else None

    async def _answered(self, response: httpx2.Response) -> float:
        """When the answer was there."""
        kind = response.headers.get("content-type", "").lower()
        if response.status_code >= 400:
            raise await _error(response, kind)
        if response.status_code != 200:
            raise NotPlainError
        if kind.startswith("text/event-stream"):
            return await self._in_events(response)
        if not kind.startswith("application/json") or not self._is_mine(await body_of(response)):
            raise NotPlainError
        return time.monotonic()

    async def _in_events(self, response: httpx2.Response) -> float:
        events = events_of(response)
        try:
            async for event in events:
                if self._is_mine(event):
                    break
            else:
                raise NotPlainError
        except EventTooLargeError:
            raise NotPlainError from None
        answered = time.monotonic()
        await let_end(events)
        return answered

    def _is_mine(self, data: bytes) -> bool:
        """Whether this is the result; an error of the server is raised, for the prober to judge.

        One without an id is an answer too: it came to our request alone.
        """
        mark = self._mark(data)
        if mark is not None and mark == self._known:
            return True
        self._last = mark
        message = _object(data)
        if message.get("id", self._id) in (self._id, None) and (error := _error_in(message)) is not None:
            raise error
        result = message.get("result")
        self._result = result if isinstance(result, dict) else {}
        return message.get("id") == self._id and "result" in message

    def _mark(self, data: bytes) -> bytes | None:
        """Of all but our id; None where that is not in it."""
        before, found, after = data.partition(str(self._id).encode())
        return hashlib.blake2b(before + after, digest_size=8).digest() if found else None


def fast_ping_of(method: str, trace: Trace) -> FastPing | None:
    """What the request of this trace can be sent again with; None where it was no such request."""
    if trace.sent is None:
        return None
    transport, request = trace.sent
    message = request.message if isinstance(request, Sent) else _object(request.content)
    return FastPing(transport, request, message) if message.get("method") == method else None


def _again(sent: httpx2.Request, content: bytes) -> httpx2.Request:
    """The same request with another body."""
    kept = [(name, value) for name, value in sent.headers.raw if name.lower() != b"content-length"]
    extensions = {name: value for name, value in sent.extensions.items() if name != "trace"}
    return httpx2.Request("POST", sent.url, headers=kept, content=content, extensions=extensions)


async def _error(response: httpx2.Response, kind: str) -> MCPError:
    """What the SDK makes of a status that says failure: the server's own JSON-RPC error, if it sent one."""
    said = _error_in(_object(await body_of(response))) if kind.startswith("application/json") else None
    return said or MCPError(code=INTERNAL_ERROR, message=NO_WORD)


def _error_in(message: dict[str, Any]) -> MCPError | None:
    """The JSON-RPC error that *message* is, if it is one."""
    said = message.get("error")
    if isinstance(said, dict) and isinstance(said.get("code"), int) and isinstance(said.get("message"), str):
        return MCPError(code=said["code"], message=said["message"])
    return None


def _object(data: bytes) -> dict[str, Any]:
    """The JSON object that this is; empty if it is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
