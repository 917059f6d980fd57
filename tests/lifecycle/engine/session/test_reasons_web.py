"""What is said of an address that answers and does not work: each cause by its own sentence."""

from __future__ import annotations

import asyncio

import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from tests.doubles.fault_server import Asked, FaultServer
from tests.doubles.sse_server import SseServer
from tests.support.answering import Handler, reason, saying, serving
from tests.support.holding import Holder, http


async def test_streamable_http_to_an_sse_address_is_named_and_the_other_offered(holder: Holder) -> None:
    class OnlySse(SseServer):
        async def _misbehave(self, asked: object) -> bool:
            return self._reply(asked.writer, 405)  # type: ignore[attr-defined]

    async with OnlySse() as server:
        fault = await reason(holder, server.url)
    assert fault.cause is Cause.WANTS_SSE
    assert fault.message == "HTTP 405 Method Not Allowed; this address speaks SSE, not streamable HTTP"


@pytest.mark.parametrize("status", [404, 405, 406, 400])
async def test_sse_to_a_streamable_http_address_is_named_and_the_other_offered(
    holder: Holder, status: int
) -> None:
    class Streamable(FaultServer):
        async def answer_other(self, verb: str, writer: asyncio.StreamWriter) -> bool:
            return self._reply(writer, status if verb == "GET" else 200)

    async with Streamable() as server:
        fault = await reason(holder, server.url, "sse")
    assert fault.cause is Cause.WANTS_STREAMABLE
    assert fault.message.startswith(f"HTTP {status} ")
    assert fault.message.endswith("this address speaks streamable HTTP, not SSE")


@pytest.mark.parametrize(
    ("answer", "cause", "says"),
    [
        (saying("404 Not Found"), Cause.NOT_FOUND, "HTTP 404 Not Found"),
        (
            saying("429 Too Many Requests", "slow down", extra="Retry-After: 7200\r\n"),
            Cause.THROTTLED,
            "HTTP 429 Too Many Requests: slow down (asks to wait 2 h)",
        ),
        (saying("502 Bad Gateway", "<html>502</html>", "text/html"), Cause.GATEWAY, "HTTP 502 Bad Gateway"),
        (
            saying("500 Internal Server Error", "database is down\nTraceback …"),
            Cause.SERVER_ERROR,
            "HTTP 500 Internal Server Error: database is down",
        ),
        (
            saying(
                "500 Internal Server Error",
                "Traceback (most recent call last):\n  File \"a.py\"\nKeyError: 'DSN'\n",
            ),
            Cause.SERVER_ERROR,
            "HTTP 500 Internal Server Error: KeyError: 'DSN'",
        ),
        (
            saying("503 Service Unavailable", "no healthy upstream"),
            Cause.GATEWAY,
            "HTTP 503 Service Unavailable: no healthy upstream",
        ),
        (saying("530 X", "error code: 1033"), Cause.GATEWAY, "HTTP 530: error code: 1033"),
        (
            saying("400 Bad Request", "The header X-Tenant is missing.\nSee the manual."),
            None,
            "HTTP 400 Bad Request: The header X-Tenant is missing.",
        ),
        (
            saying("422 Unprocessable", '{"detail": "region must be one of eu, us"}', "application/json"),
            None,
            "HTTP 422 Unprocessable Entity: region must be one of eu, us",
        ),
        (
            saying("407 Proxy Authentication Required", "Authentication required"),
            Cause.PROXY,
            "HTTP 407 Proxy Authentication Required: Authentication required",
        ),
        (saying("200 OK", "<html>hello</html>", "text/html"), Cause.WEB_PAGE, "responded with a web page"),
    ],
    ids=["404", "429", "502", "500", "traceback", "upstream", "530", "400", "422", "407", "page"],
)
async def test_a_status_has_its_own_cause_and_shows_what_the_server_says(
    holder: Holder, answer: Handler, cause: Cause | None, says: str
) -> None:
    async with serving(answer) as port:
        fault = await reason(holder, f"http://127.0.0.1:{port}/mcp")
    assert (fault.cause, fault.message.startswith(says)) == (cause, True), fault


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
async def test_an_error_for_a_greeting_is_not_called_something_other_than_mcp(
    holder: Holder, transport: str
) -> None:
    async with SseServer("error") if transport == "sse" else FaultServer("error") as server:
        fault = await reason(holder, server.url, transport)
    assert (fault.kind, fault.cause) == (Kind.PROTOCOL, Cause.ANSWERS_ERROR)
    assert fault.message == "answered with error -32603: I am alive"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            saying(
                "401 Unauthorized",
                '{"error": "invalid_token", "error_description": "The token expired"}',
                "application/json",
            ),
            "(The token expired)",
        ),
        (
            saying("403 Forbidden", "<html><title>Attention Required!</title></html>", "text/html"),
            "(with a web page, perhaps of a firewall or proxy before the server)",
        ),
        (saying("403 Forbidden", "not your network"), "(not your network)"),
    ],
    ids=["json", "page", "text"],
)
async def test_who_is_not_let_in_reads_the_servers_words_and_not_its_markup(
    holder: Holder, answer: Handler, says: str
) -> None:
    async with serving(answer) as port:
        fault = await reason(holder, f"http://127.0.0.1:{port}/mcp")
    assert fault.kind is Kind.AUTH
    assert fault.message.endswith(f"the server does not accept our credentials {says}")


async def _closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _greeting_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await reader.read(1)


@pytest.mark.parametrize(
    ("handler", "cause", "says"),
    [
        (_closing, Cause.HUNG_UP, "without an answer"),
        (_greeting_first, Cause.NOT_HTTP, "not HTTP"),
        (saying("200 OK", "x", extra="Content-Encoding: br\r\n"), Cause.COMPRESSED, "asked not to"),
    ],
    ids=["closes", "mail", "compresses"],
)
async def test_what_ends_an_exchange_below_mcp_is_not_all_called_a_restart(
    holder: Holder, handler: Handler, cause: Cause, says: str
) -> None:
    async with serving(handler) as port:
        fault = await reason(holder, f"http://127.0.0.1:{port}/mcp")
    assert (fault.kind, fault.cause, says in fault.message) == (Kind.CLOSED, cause, True)


class Leading(SseServer):
    """Its event stream names *endpoint*, or nothing."""

    def __init__(self, endpoint: str, streamable: bool) -> None:
        super().__init__()
        self.endpoint, self.streamable = endpoint, streamable

    async def answer_other(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        if verb != "GET":
            return self._reply(writer, 200)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        if self.endpoint:
            self._event(writer, "endpoint", self.endpoint)
        await asyncio.Event().wait()
        return False

    async def _misbehave(self, asked: Asked) -> bool:
        return self._answer(asked) if self.streamable else self._reply(asked.writer, 404)


@pytest.mark.parametrize(
    ("endpoint", "streamable", "cause"),
    [
        ("", False, Cause.NO_ENDPOINT),
        ("http://10.1.2.3/messages", False, Cause.NO_ENDPOINT),
        ("", True, Cause.WANTS_STREAMABLE),
    ],
    ids=["none", "of another origin", "streamable"],
)
async def test_an_event_stream_that_leads_nowhere_is_not_called_a_server_that_hangs(
    holder: Holder, endpoint: str, streamable: bool, cause: Cause
) -> None:
    async with Leading(endpoint, streamable) as server:
        fault = await reason(holder, server.url, "sse", limit=0.6)
    assert (fault.kind, fault.cause) == (Kind.PROTOCOL, cause)
    assert fault.message.startswith("the event stream opened, but named no address for messages")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (saying("200 OK", "", "application/json"), "the answer is empty: HTTP 200 OK with nothing in it"),
        (saying("202 Accepted"), "the answer is empty: HTTP 202 Accepted with nothing in it"),
        (saying("204 No Content"), "the answer is empty: HTTP 204 No Content with nothing in it"),
        (
            saying("200 OK", "it works", "text/plain; charset=utf-8"),
            "answered with text/plain, and not in JSON or an event stream",
        ),
        (saying("200 OK", '{"status": "ok"}', "application/json"), "the answer is not JSON-RPC"),
    ],
    ids=["empty", "202", "204", "text", "json"],
)
async def test_what_comes_in_place_of_an_answer_is_named(holder: Holder, answer: Handler, says: str) -> None:
    async with serving(answer) as port:
        fault = await reason(holder, f"http://127.0.0.1:{port}/mcp")
    assert (fault.kind, fault.message) == (Kind.PROTOCOL, says)


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_an_answer_to_nothing_that_was_asked_is_not_called_silence(holder: Holder, era: str) -> None:
    async with FaultServer("wrong-id", era) as server:
        fault = await reason(holder, server.url, limit=0.4)
        assert (fault.kind, fault.message.endswith("its id is that of no request of ours")) == (
            Kind.TIMEOUT,
            True,
        )
        server.mode = "ok"
        connection = await holder.open(http(server.url))
        for mode, says in (("wrong-id", "no request of ours"), ("hang", "no answer within 400 ms")):
            server.mode = mode
            said = (await connection.probe(0.4)).fault
            assert said is not None and said.message.endswith(says)
