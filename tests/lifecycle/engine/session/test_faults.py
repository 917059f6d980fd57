from __future__ import annotations

import errno
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from mcp import MCPError

from lifecycle.core.answers.proof import Proof
from lifecycle.core.health.verdict import Kind
from lifecycle.engine.egress.addresses import EgressRefusedError
from lifecycle.engine.session.faults.answered import made_up, proof_of
from lifecycle.engine.session.faults.faults import classify
from lifecycle.engine.session.faults.trace import Trace, chain, read_retry_after
from lifecycle.engine.session.lists.content import clean, read_tool
from lifecycle.engine.session.tool_call import read_outcome

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JSON: dict[str, Any] = {"status": 200, "content_type": "application/json"}


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("Sat, 21 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", None),
        ("0", None),
        ("soon", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait: timedelta | None) -> None:
    assert read_retry_after(text, NOW) == wait


@pytest.mark.parametrize(
    ("exc", "kind", "lost"),
    [
        (httpx2.ConnectTimeout("x"), Kind.TIMEOUT, True),
        (httpx2.LocalProtocolError("illegal header"), Kind.POLICY, True),
        (EgressRefusedError("no"), Kind.POLICY, True),
        (ssl.SSLError("x"), Kind.TLS, True),
        (OSError(errno.EHOSTUNREACH, "no route"), Kind.REFUSED, True),
        (httpx2.RemoteProtocolError("x"), Kind.CLOSED, True),
        (TimeoutError(), Kind.TIMEOUT, True),
        (RuntimeError("odd"), Kind.PROTOCOL, True),
        (MCPError(code=-32000, message="quota exceeded"), Kind.PROTOCOL, False),
    ],
)
def test_exceptions_without_an_exchange(exc: Exception, kind: Kind, lost: bool) -> None:
    fault = classify(exc)
    assert (fault.kind, fault.lost) == (kind, lost)


def test_a_session_whose_streams_are_closed_is_lost() -> None:
    fault = classify(MCPError(code=-32000, message="Connection closed"), Trace(closed=True))
    assert (fault.kind, fault.lost) == (Kind.CLOSED, True)


def test_the_cause_is_found_inside_groups_and_chains() -> None:
    inner = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    outer = httpx2.ConnectError("All connection attempts failed")
    outer.__cause__ = ExceptionGroup("several", [inner])
    assert inner in list(chain(outer))
    assert classify(RuntimeError("x")).kind is Kind.PROTOCOL
    assert classify(outer).kind is Kind.REFUSED


def test_a_break_is_kept_even_if_its_causes_are_cut_off_later() -> None:
    error = httpx2.ConnectError("x")
    error.__cause__ = ConnectionRefusedError()
    trace = Trace()
    trace.note_break(error)
    error.__cause__ = None
    assert classify(RuntimeError("Client failed to connect"), trace).kind is Kind.REFUSED


@pytest.mark.parametrize(
    ("code", "message", "trace", "made_up_by_the_sdk"),
    [
        (-32601, "Method not found", Trace(status=404, content_type="application/json"), False),
        (-32601, "Not Found", Trace(status=404, content_type="application/json"), True),
        (-32601, "Not Found", Trace(status=200, content_type="application/json"), False),
        (-32601, "Method not found", Trace(), False),
        (-32603, "oops", Trace(status=200, content_type="text/event-stream"), False),
        (-32700, "Failed to parse JSON response: x", Trace(**JSON), True),
        (-32600, "server answered a request with 202 Accepted", Trace(status=202), True),
        (-32603, "oops", Trace(transport="sse", status=202), False),
        (-32000, "Connection closed", Trace(closed=True), True),
        (-32000, "Connection closed", Trace(), False),
        (-32000, "Connection closed", Trace(**JSON), False),
        (
            -32000,
            "SSE stream ended without a response",
            Trace(status=200, content_type="text/event-stream"),
            True,
        ),
        (-32001, "Request timed out", Trace(**JSON), False),
    ],
)
def test_what_the_sdk_makes_up_is_told_from_what_the_server_said(
    code: int, message: str, trace: Trace, made_up_by_the_sdk: bool
) -> None:
    assert made_up(MCPError(code=code, message=message), trace) is made_up_by_the_sdk


def test_our_own_timeout_is_told_by_the_exception_and_not_by_a_code_that_servers_send_too() -> None:
    ours = MCPError(code=-32001, message="Request timed out")
    ours.__context__ = TimeoutError()
    assert classify(ours, Trace(**JSON)).kind is Kind.TIMEOUT
    assert proof_of(ours, Trace(**JSON)) is Proof.NOTHING
    theirs = classify(MCPError(code=-32001, message="busy now"), Trace(**JSON))
    assert (theirs.kind, theirs.lost, "busy now" in theirs.message) == (Kind.PROTOCOL, False, True)
    assert theirs.proof is Proof.LIFE


@pytest.mark.parametrize("transport", ["stdio", "streamable-http", "sse"])
def test_the_usual_error_of_a_server_is_no_end_of_the_connection(transport: str) -> None:
    trace = Trace(transport=transport, **({} if transport == "stdio" else JSON))
    fault = classify(MCPError(code=-32000, message="quota exceeded"), trace)
    assert (fault.kind, fault.lost, fault.proof) == (Kind.PROTOCOL, False, Proof.LIFE)


def test_messages_are_one_bounded_line() -> None:
    fault = classify(MCPError(code=-32603, message="a\nb" + "x" * 5000))
    assert "\n" not in fault.message
    assert len(fault.message) < 400


def test_what_no_database_takes_is_cleaned() -> None:
    dirty = {"a\0": ["\ud800", float("nan"), float("inf"), 1.5, True, None, {"b": "\0"}]}
    assert clean(dirty) == {"a\ufffd": ["?", None, None, 1.5, True, None, {"b": "\ufffd"}]}


def test_a_tool_is_read_leniently_and_says_what_is_wrong() -> None:
    tool = read_tool({"name": "x" * 600, "inputSchema": [], "annotations": {"title": "T"}, "description": 7})
    assert (len(tool.name), tool.title, tool.description) == (500, "T", "")
    assert "longer than 500" in tool.problem
    assert "inputSchema" in tool.problem
    assert read_tool(None).problem != ""


def test_a_tool_that_asks_back_is_not_ok() -> None:
    outcome = read_outcome({"resultType": "input_required", "inputRequests": {}})
    assert not outcome.ok
    assert "more input" in outcome.error
    assert read_outcome({"isError": True, "content": []}).error != ""
    assert read_outcome({"content": None}).ok


@pytest.mark.parametrize(
    ("exc", "says"),
    [
        (httpx2.ReadError(""), "the connection broke while the answer was read"),
        (httpx2.WriteError(""), "the connection broke while the request was sent"),
        (httpx2.RemoteProtocolError("Server disconnected without sending a response."), "without an answer"),
        (
            httpx2.RemoteProtocolError("peer closed connection without sending complete message body"),
            "in the middle of its answer",
        ),
        (httpx2.RemoteProtocolError("illegal status line: bytearray(b'SSH-2.0')"), "not HTTP"),
    ],
)
def test_a_connection_that_breaks_is_told_in_words_and_not_by_the_name_of_a_class(
    exc: Exception, says: str
) -> None:
    message = classify(exc).message
    assert says in message
    assert type(exc).__name__ not in message
