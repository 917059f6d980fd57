"""What an answer proves, cell by cell."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.answers.proof import Answer, Phase, Proof, never_ran, prove

LIFE, GONE, THROTTLED, SIGN_IN, NOTHING = Proof
CHECK, LIST, CALL, CONNECT = Phase.CHECK, Phase.LIST, Phase.CALL, Phase.CONNECT
HELD = [CHECK, LIST, CALL]


def proof(phase: Phase = CHECK, **more: Any) -> Proof:
    """Over streamable HTTP in a session, unless said otherwise."""
    return prove(Answer(phase=phase, **{"in_session": True, **more}))


SESSION_GONE = [
    (404, -32600, "Session not found"),  # Python SDK
    (404, -32001, "Session not found"),  # TypeScript SDK
    (404, -32600, "Not Found: Session has been terminated"),
    (400, -32000, "Bad Request: No valid session ID provided"),
    (400, -32000, "Bad Request: Server not initialized"),
    (400, -32600, "Bad Request: Missing session ID"),
    (400, -32000, "Bad Request: Mcp-Session-Id header is required"),
    (400, -32000, "Bad Request: Unsupported protocol version (supported versions: 2025-11-25)"),
    (400, -32022, "Unsupported protocol version"),
    (404, None, ""),
    (404, None, "Could not find session"),
    (400, None, "invalid session"),
    (200, -32005, "Session expired"),
    (200, -32600, "Session not found"),
    (401, None, "session expired"),
]
ILL = [(500, -32603, "unknown session"), (503, None, "the session does not exist")]
OF_A_TOOL = [
    (400, -32603, "INVALID_SESSION_ID: Session expired"),
    (404, -32603, "issue 17 not found"),
    (404, -32050, "the session of the cart was not found"),
    *ILL,
]


@pytest.mark.parametrize("phase", HELD)
@pytest.mark.parametrize(("status", "code", "words"), SESSION_GONE)
def test_a_session_is_gone_by_status_or_by_code_and_words(
    phase: Phase, status: int, code: int | None, words: str
) -> None:
    assert proof(phase, status=status, code=code, words=words) is GONE
    assert never_ran(Answer(phase=CALL, in_session=True, status=status, code=code, words=words)) is (
        status in (400, 404)
    )


@pytest.mark.parametrize("phase", [CHECK, LIST])
@pytest.mark.parametrize(("status", "code", "words"), ILL)
def test_a_server_that_says_it_is_ill_may_say_of_a_check_that_the_session_is_gone(
    phase: Phase, status: int, code: int | None, words: str
) -> None:
    assert proof(phase, status=status, code=code, words=words) is GONE


@pytest.mark.parametrize(("status", "code", "words"), OF_A_TOOL)
def test_a_call_that_a_tool_may_have_answered_is_not_made_again(
    status: int, code: int | None, words: str
) -> None:
    answer = Answer(phase=CALL, in_session=True, status=status, code=code, words=words)
    assert (prove(answer) is GONE, never_ran(answer)) == (False, False)


@pytest.mark.parametrize(("status", "code", "words"), SESSION_GONE)
def test_who_only_connects_has_no_session_to_lose(status: int, code: int | None, words: str) -> None:
    assert proof(CONNECT, in_session=False, status=status, code=code, words=words) is not GONE


@pytest.mark.parametrize("phase", HELD)
@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, -32602, "Unknown tool: weather"),
        (400, -32602, "Invalid params"),
        (200, -32000, "quota exceeded"),
        (200, -32001, "busy now"),
        (200, -32603, "the session pool of the database is closed"),
        (None, -32000, "Connection closed"),
        (None, -32603, "oops"),
    ],
)
def test_any_other_error_of_the_server_is_life(
    phase: Phase, modern: bool, status: int | None, code: int, words: str
) -> None:
    assert proof(phase, in_session=not modern, modern=modern, status=status, code=code, words=words) is LIFE


@pytest.mark.parametrize("phase", HELD)
def test_a_server_of_2026_that_does_not_know_ping_has_lost_no_session(phase: Phase) -> None:
    assert proof(phase, status=404, code=-32601, words="Method not found") is LIFE


def test_a_server_that_knows_its_own_greeting_no_more_was_replaced_by_an_older_one() -> None:
    assert proof(modern=True, in_session=False, status=200, code=-32601, words="Method not found") is GONE
    assert proof(LIST, modern=True, in_session=False, status=404, code=-32601, words="Not there") is LIFE


@pytest.mark.parametrize("code", [-32600, -32000, None])
def test_400_says_of_a_check_that_its_session_is_gone_and_of_a_call_nothing(code: int | None) -> None:
    assert proof(CHECK, status=400, code=code, words="Bad Request") is GONE
    assert proof(CALL, status=400, code=code, words="Bad Request") is not GONE
    assert proof(LIST, status=400, code=code, words="Bad Request") is not GONE
    assert proof(CHECK, in_session=False, status=400, code=code, words="Bad Request") is not GONE


def test_404_without_a_session_of_ours_is_a_wrong_path() -> None:
    assert proof(in_session=False, status=404) is NOTHING
    assert proof(CONNECT, in_session=False, status=404, words="Not Found") is NOTHING


def test_a_bridge_over_stdio_that_lost_its_session_is_started_anew_but_not_by_what_a_tool_says() -> None:
    assert proof(transport="stdio", in_session=False, code=-32600, words="Session not found") is GONE
    assert proof(transport="stdio", in_session=False, code=-32001, words="session expired") is GONE
    assert proof(CALL, transport="stdio", in_session=False, code=-32600, words="Session not found") is LIFE
    assert proof(CALL, status=200, code=-32000, words="your login session expired") is LIFE


@pytest.mark.parametrize("phase", HELD)
def test_a_program_is_not_ended_for_speaking_of_a_session_of_its_own(phase: Phase) -> None:
    said = {"transport": "stdio", "in_session": False, "words": "no active session of the browser"}
    assert proof(phase, code=-32000, **said) is LIFE
    assert proof(LIST, code=-32001, **said) is LIFE


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, None, ""),
        (403, -32603, "denied"),
        (200, -32001, "Unauthorized"),
        (200, -32001, "Invalid API key"),
        (200, -32603, "authentication required"),
        (None, -32000, "The API key is missing"),
        (400, None, '{"error": "missing access token"}'),
        (404, -32001, "Unauthorized"),
    ],
)
def test_who_is_not_let_in_needs_sign_in(
    phase: Phase, modern: bool, status: int | None, code: int | None, words: str
) -> None:
    assert (
        proof(phase, in_session=not modern, modern=modern, status=status, code=code, words=words) is SIGN_IN
    )


@pytest.mark.parametrize("phase", Phase)
def test_who_is_asked_to_come_later_is_throttled(phase: Phase) -> None:
    assert proof(phase, status=429) is THROTTLED
    assert proof(phase, status=429, code=-32000, words="Too many requests", waits=True) is THROTTLED
    assert proof(phase, status=503, waits=True) is THROTTLED
    assert proof(phase, status=503) is NOTHING


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(
    ("status", "code"), [(500, None), (502, None), (500, -32603), (405, None), (406, None)]
)
def test_a_status_that_says_ill_or_wrong_proves_nothing(phase: Phase, status: int, code: int | None) -> None:
    assert proof(phase, status=status, code=code, words="oops") is NOTHING


@pytest.mark.parametrize("phase", HELD)
def test_over_sse_an_error_is_life_and_a_refused_message_the_end_of_the_session(phase: Phase) -> None:
    assert proof(phase, transport="sse", status=None, code=-32603, words="oops") is LIFE
    assert proof(phase, transport="sse", status=404, words="Could not find session") is GONE
