"""A session of the SDK over exchanges of our own, for as long as every answer is plain.

What the SDK has around its session (a client, tasks, streams, a parser for each message) costs more than all
else of a connect, and a greeting and a few lists need none of it. So the session sends them by this: the same
requests, each in the task of whoever asks. What is not plain, and the server's own stream where it has one,
is left to the SDK: it is told all that was heard from the beginning, so that no greeting is sent twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

import httpx2
from mcp import MCPError
from mcp.shared.dispatcher import CallOptions
from mcp_types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    JSONRPCError,
)
from mcp_types import jsonrpc_message_adapter as message_adapter
from pydantic import ValidationError

from lifecycle.engine.session.faults.bodies import BodyTooLargeError
from lifecycle.engine.session.faults.trace import TRACE
from lifecycle.engine.session.session import Session
from lifecycle.engine.session.web.events import EventTooLargeError, body_of, events_of, let_end
from lifecycle.engine.session.web.guarded import NO_STREAM, GuardedTransport, Whole
from lifecycle.engine.session.web.plainly import HandOverError, first_word, params_of, result_of
from lifecycle.engine.session.web.repeating import SESSION_ID, Base, Repeatable, Sent
from lifecycle.engine.session.web.retold import STREAM, Answer, Heard, keep_body
from lifecycle.engine.session.web.subscription import BRIEFLY

KINDS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
REPEATED = frozenset({"ping", "server/discover", "tools/list"})
OPEN_ENDED = "subscriptions/listen"
NO_WORD = "Server returned an error response"


class Direct:
    """The dispatcher of one session. *sdk* gives the SDK's own session, when it is to go on.

    `agreed` says that the greeting is over: what is not plain before that ends it with HandOverError.
    """

    def __init__(self, guarded: GuardedTransport, base: Base, sdk: Callable[[], Awaitable[Session]]) -> None:
        self._guarded, self._base, self._sdk = guarded, base, sdk
        self._session_id = ""
        self._heard: list[Heard] = []
        self._told: asyncio.Task[Answer] | None = None
        self._stream: asyncio.Task[Answer] | None = None
        self._calling: asyncio.Future[Session] | None = None
        self._theirs: Any = None
        self.count = 0
        self.agreed = self.over = self._broken = False

    @property
    def _closed(self) -> bool:
        """As the SDK's own dispatcher says it: what breaks off ends a session that was greeted."""
        return self._broken or bool(getattr(self._theirs, "_closed", False))

    # -- called by the session --------------------------------------------------------------------------

    async def send_raw_request(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> dict[str, Any]:
        """The result; MCPError where the server says so, else what the connection broke with."""
        if self._told is not None and not self._told.done():
            await asyncio.wait({self._told})
        if self._broken:
            raise MCPError(code=CONNECTION_CLOSED, message="Connection closed")
        if self.over or (self._told is not None and _strange(self._told)):
            return await self._by_sdk(method, params, opts or {})
        self.count += 1
        message = {"jsonrpc": "2.0", "id": self.count, "method": method, **params_of(params)}
        try:
            return await self._ask(message, (opts or {}).get("headers") or {})
        except HandOverError:
            if not self.agreed:
                raise
            same: CallOptions = {**(opts or {}), "request_id": message["id"]}
            return await self._by_sdk(method, params, same)
        except MCPError:
            raise
        except Exception:  # a foreign boundary: whatever it is, it is the end of the session
            self._broken = True
            raise

    async def notify(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> None:
        """The end of the greeting; a server with sessions is then asked for a stream of its own messages."""
        headers = (opts or {}).get("headers") or {}
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = dict(params)
        self._told = asyncio.create_task(self._post(message, headers))
        self._heard.append(Heard(method, self._told))
        if self._session_id:
            self._stream = asyncio.create_task(self._open_stream(self._told, headers))
            self._heard.append(Heard(STREAM, self._stream))

    # -- called by whoever has the session --------------------------------------------------------------

    async def greeted(self) -> None:
        """The greeting is over; its end is waited for where that is quick: one connection is enough then."""
        self.agreed = True
        ends = {task for task in (self._told, self._stream) if task is not None}
        if ends:
            await asyncio.wait(ends, timeout=BRIEFLY)

    def hand_over(self) -> Sequence[Heard]:
        """All that was heard, for the SDK, which goes on from now on."""
        self.over = True
        heard, self._heard = self._heard, []
        return heard

    def end(self) -> None:
        """Nothing more is asked."""
        self.over = True
        for task in (self._told, self._stream):
            if task is not None:
                task.cancel()
                task.add_done_callback(lambda task: task.cancelled() or task.exception())

    # -- the SDK ----------------------------------------------------------------------------------------

    async def _by_sdk(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions
    ) -> dict[str, Any]:
        session = await self._sdk()
        self._theirs = session._dispatcher
        found: dict[str, Any] = await self._theirs.send_raw_request(method, params, opts)
        return found

    # -- one exchange -----------------------------------------------------------------------------------

    async def _ask(self, message: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        method, number = message["method"], message["id"]
        answer = await self._post(message, headers)
        heard = Heard(method, answer)
        if not self.agreed:
            self._heard.append(heard)
        if isinstance(answer, Whole):
            if method == "initialize":
                self._session_id = answer.header(SESSION_ID)
            return result_of(answer.body, number)
        if "set-cookie" in answer.headers:
            raise self._kept(heard)
        if answer.status_code >= 400:
            raise await self._error(answer)
        kind = answer.headers.get("content-type", "").lower()
        if answer.status_code != 200 or not kind.startswith("text/event-stream") or method == OPEN_ENDED:
            raise self._kept(heard)
        if method == "initialize":
            self._session_id = answer.headers.get(SESSION_ID, "")
        return await self._among_events(heard, answer, number)

    def _kept(self, heard: Heard) -> HandOverError:
        """Not plain; a stream that is still open is for the SDK to read."""
        answer = heard.answer
        if self.agreed and isinstance(answer, httpx2.Response):
            self._heard.append(heard)
        return HandOverError()

    async def _post(self, message: dict[str, Any], headers: Mapping[str, str]) -> Answer:
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        more = self._named(headers)
        try:
            answer = await self._guarded.exchange(self._request(more, len(body)), body)
        except BodyTooLargeError as exc:  # the SDK says so too, and goes on
            raise MCPError(code=PARSE_ERROR, message=f"Failed to parse JSON response: {exc}") from exc
        trace = TRACE.get()
        if trace is not None and isinstance(answer, Whole):
            again = self.agreed and message["method"] in REPEATED
            trace.sent = (self._guarded, Sent(self._base, more, message)) if again else None
        return answer

    def _named(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {SESSION_ID: self._session_id, **headers} if self._session_id else dict(headers)

    def _request(self, more: Mapping[str, str], length: int | None) -> Repeatable:
        try:
            one = self._base.request(more, length)
        except (httpx2.LocalProtocolError, UnicodeEncodeError):
            raise HandOverError from None
        self._guarded.session_id = self._session_id
        return one

    async def _open_stream(self, told: asyncio.Task[Answer], headers: Mapping[str, str]) -> Answer:
        """Ask for the server's own messages; where it has any, or says what is strange, the SDK listens."""
        await asyncio.wait({told})
        answer: Answer | None = None
        try:
            one = self._request({"cache-control": "no-store", **self._named(headers)}, None)
            answer = await self._guarded.exchange(one, b"")
        finally:
            if not isinstance(answer, Whole) and not _refused(answer):
                asyncio.get_running_loop().call_soon(self._call_sdk)
        if isinstance(answer, httpx2.Response) and _refused(answer):
            await _through(answer)
        return answer

    def _call_sdk(self) -> None:
        if not self.over:
            self._calling = asyncio.ensure_future(self._sdk())
            self._calling.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _error(self, response: httpx2.Response) -> MCPError:
        """What the SDK makes of a status of failure: the server's own JSON-RPC error, if it sent one."""
        try:
            if response.headers.get("content-type", "").lower().startswith("application/json"):
                keep_body(response)
                said = message_adapter.validate_json(await body_of(response), by_name=False)
                if isinstance(said, JSONRPCError):
                    return MCPError(code=said.error.code, message=said.error.message, data=said.error.data)
        except (httpx2.StreamError, ValidationError):
            pass
        finally:
            await _through(response)
        if response.status_code != 404:
            return MCPError(code=INTERNAL_ERROR, message=NO_WORD)
        if self._session_id:
            return MCPError(code=INVALID_REQUEST, message="Session terminated")
        return MCPError(code=METHOD_NOT_FOUND, message="Not Found")

    async def _among_events(self, heard: Heard, response: httpx2.Response, number: int) -> dict[str, Any]:
        """The result among server-sent events; what else they say than noise is for the SDK."""
        kept = keep_body(response)
        async with aclosing(events_of(response)) as events:
            try:
                event = await first_word(events, kept)
                result = result_of(event, number)
            except (HandOverError, EventTooLargeError, httpx2.HTTPError, httpx2.StreamError):
                raise self._kept(heard) from None  # a stream that broke off may be resumed
            except MCPError:
                await let_end(events)
                await _through(response)
                raise
            await let_end(events)
        await _through(response)
        return result


async def _through(response: httpx2.Response) -> None:
    """Give its connection back; what was read of it the SDK can still be told."""
    await cast(httpx2.AsyncByteStream, response.stream).aclose()


def _refused(answer: Answer | None) -> bool:
    """Whether the server has no stream of its own messages."""
    return isinstance(answer, httpx2.Response) and answer.status_code in NO_STREAM


def _strange(task: asyncio.Task[Answer]) -> bool:
    """Of what ended the greeting: whether the SDK would have broken off over it, or has to remember it."""
    if not task.done():
        return False
    if task.cancelled() or task.exception() is not None:
        return True
    answer = task.result()
    return isinstance(answer, httpx2.Response) and "set-cookie" in answer.headers
