from __future__ import annotations

import errno
import ssl
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from mcp import MCPError

from lifecycle.core.health import Kind
from lifecycle.egress import EgressRefusedError
from lifecycle.engine.content import clean, read_tool
from lifecycle.engine.faults import classify, is_answer
from lifecycle.engine.toolcall import read_outcome
from lifecycle.engine.trace import Trace, chain, read_retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JSON = {"status": 200, "content_type": "application/json"}


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
        (MCPError(code=-32001, message="timed out"), Kind.TIMEOUT, False),
        (MCPError(code=-32000, message="Connection closed"), Kind.CLOSED, True),
        (MCPError(code=-32000, message="quota exceeded"), Kind.PROTOCOL, False),
    ],
)
def test_exceptions_without_an_exchange(exc: Exception, kind: Kind, lost: bool) -> None:
    fault = classify(exc)
    assert (fault.kind, fault.lost) == (kind, lost)


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
    ("code", "message", "trace", "answer"),
    [
        (-32601, "Method not found", Trace(status=404, content_type="application/json"), True),
        (-32601, "Not Found", Trace(status=404, content_type="application/json"), False),
        (-32601, "Method not found", Trace(), True),
        (-32603, "oops", Trace(status=200, content_type="text/event-stream"), True),
        (-32603, "oops", Trace(status=500, content_type="application/json"), False),
        (-32603, "denied", Trace(status=401, content_type="application/json"), False),
        (
            -32700,
            "Failed to parse JSON response: x",
            Trace(status=200, content_type="application/json"),
            False,
        ),
        (-32600, "server answered a request with 202 Accepted", Trace(status=202), False),
        (-32000, "Connection closed", Trace(), False),
        (
            -32000,
            "SSE stream ended without a response",
            Trace(status=200, content_type="text/event-stream"),
            False,
        ),
        (-32001, "Request timed out", Trace(), False),
    ],
)
def test_only_what_the_server_said_is_an_answer(code: int, message: str, trace: Trace, answer: bool) -> None:
    assert is_answer(MCPError(code=code, message=message), trace) is answer


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
