"""A server that lives and knows our session no more gets a new one, and nobody is troubled with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lifecycle.models import CheckResult, Episode
from lifecycle.operations import commands as operation_commands
from tests.doubles.fault_server import FaultServer
from tests.doubles.protocol import ECHO
from tests.doubles.sse_server import SseServer
from tests.support.bench import HASTY, Bench

pytestmark = pytest.mark.django_db(transaction=True)
CALM = replace(HASTY, health_check_interval=timedelta(seconds=60))
NEW = ECHO | {"name": "new"}
QUIET = ["INITIALIZING", "HEALTHY"]


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A worker; it checks seldom where the test asks for that."""
    bench = Bench(tmp_path, getattr(request, "param", HASTY))
    bench.start()
    yield bench
    bench.close()


seldom_checked = pytest.mark.parametrize("bench", [CALM], indirect=True)


def held(bench: Bench, server: FaultServer, **entry: Any) -> FaultServer:
    """Registered as `web` and HEALTHY."""
    bench.add("web", {"url": server.url, **entry})
    bench.until_state("web", "HEALTHY")
    return server


def restart(server: FaultServer, at: str = "") -> None:
    """With one tool more than before, as soon as a request of the method *at* comes, or now."""
    server.more_tools = [NEW]
    server.forget(at)


def renewed_quietly(bench: Bench) -> None:
    bench.until(lambda: bench.row("web").tools_count == 2)
    row = bench.row("web")
    assert (bench.trail("web"), row.reconnect_attempts, row.error_message) == (QUIET, 0, "")
    assert not CheckResult.objects.filter(service__name="web").exclude(level=0).exists()
    assert not Episode.objects.exists()


@pytest.mark.parametrize(
    "gone",
    [
        (404, None),
        (404, {"code": -32600, "message": "Session not found"}),
        (404, {"code": -32001, "message": "Session not found"}),
        (400, {"code": -32000, "message": "Bad Request: No valid session ID provided"}),
        (200, {"code": -32005, "message": "session expired"}),
        (503, {"code": -32603, "message": "unknown session"}),
    ],
    ids=lambda gone: f"{gone[0]} {(gone[1] or {}).get('code', '')}",
)
def test_a_check_that_finds_its_session_gone_makes_a_new_one_and_reads_the_lists_again(
    bench: Bench, gone: tuple[int, dict[str, Any] | None]
) -> None:
    server = held(bench, bench.server(era="legacy"))
    bench.until(lambda: server.requests.count("ping") > 2)
    server.gone = gone
    restart(server)
    renewed_quietly(bench)


@seldom_checked
def test_a_reading_of_the_lists_that_finds_its_session_gone_makes_a_new_one(bench: Bench) -> None:
    restart(held(bench, bench.server(era="legacy")), at="tools/list")
    command = bench.ask("refresh-tools", "web")
    assert (command.state, command.error) == ("done", "")
    renewed_quietly(bench)


@seldom_checked
def test_a_call_that_was_turned_away_with_its_session_is_made_once_more_on_the_new_one(bench: Bench) -> None:
    server = held(bench, bench.server(era="legacy"))
    restart(server, at="tools/call")
    outcome = _called(bench, "hi")
    assert (outcome["ok"], outcome["content"]) == (True, [{"type": "text", "text": "hi"}])
    assert server.requests.count("tools/call") == 2
    renewed_quietly(bench)


@seldom_checked
def test_a_call_that_may_have_run_is_not_made_again(bench: Bench) -> None:
    server = held(bench, bench.server(era="legacy"))
    server.gone = (200, {"code": -32600, "message": "Session not found"})
    restart(server, at="tools/call")
    outcome = _called(bench, "hi")
    assert (outcome["ok"], "Session not found" in outcome["error"]) == (False, True)
    assert server.requests.count("tools/call") == 1
    renewed_quietly(bench)


def _called(bench: Bench, message: str) -> dict[str, Any]:
    given = {"tool": "echo", "arguments": {"message": message}}
    command = bench.ask("call-tool", "web", arguments=given)
    assert (command.state, command.error) == ("done", "")
    outcome = operation_commands.outcome_of(command)
    assert outcome is not None
    return dict(outcome)


def _more(server: FaultServer, sessions: int) -> bool:
    return server.requests.count("initialize") > sessions


def test_sessions_that_expire_between_checks_cost_no_attempt_and_no_episode(bench: Bench) -> None:
    server = held(bench, bench.server(era="legacy"))
    for _ in range(3):
        bench.until(lambda: server.requests[-1] == "ping")
        made = server.requests.count("initialize")
        server.forget()
        bench.until(partial(_more, server, made))
    row = bench.row("web")
    assert (bench.trail("web"), row.reconnect_attempts) == (QUIET, 0)
    assert not Episode.objects.exists()


def test_an_event_stream_that_ends_is_opened_again_without_a_word(bench: Bench) -> None:
    server = SseServer()
    bench.adopt(server)
    held(bench, server)
    server.more_tools = [NEW]
    bench._loop.call_soon_threadsafe(server.end_streams)
    renewed_quietly(bench)


def test_sessions_that_never_last_are_told_as_a_loss(bench: Bench) -> None:
    server = held(bench, bench.server(era="legacy"))
    server.lasts = 5
    bench.until_state("web", "RECONNECTING")
    assert server.requests.count("initialize") >= 4
    assert "no longer knows the session" in bench.row("web").error_message


def test_a_server_that_is_gone_together_with_its_session_is_lost(bench: Bench) -> None:
    server = held(bench, bench.server(era="legacy"))
    server.mode = "404"
    bench.until(lambda: "RECONNECTING" in bench.trail("web"))
    assert bench.trail("web")[:3] == [*QUIET, "RECONNECTING"]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_usual_error_of_a_server_costs_a_call_and_no_connection(bench: Bench, era: str) -> None:
    server = held(bench, bench.server(era=era))
    server.error = {"code": -32000, "message": "quota exceeded"}
    server.mode = "error"
    outcome = _called(bench, "hi")
    assert (outcome["ok"], "quota exceeded" in outcome["error"]) == (False, True)
    asked = len(server.requests)
    bench.until(lambda: len(server.requests) > asked + 3)
    assert (bench.trail("web"), bench.row("web").error_message) == (QUIET, "")


def test_a_throttled_check_waits_as_told_and_keeps_the_connection(bench: Bench) -> None:
    server = held(bench, bench.server(era="legacy"))
    bench.until(lambda: server.requests.count("ping") > 1)
    server.mode = "429"
    bench.until_state("web", "WARNING")
    row, asked = bench.row("web"), len(server.requests)
    assert row.error_message.startswith("throttled until ")
    assert (row.consecutive_failures, row.reconnect_attempts) == (0, 0)
    with pytest.raises(AssertionError, match="not within"):
        bench.until(lambda: len(server.requests) > asked, limit=1)
    server.mode = "ok"
    assert bench.ask("check", "web").state == "done"
    bench.until_state("web", "HEALTHY")
    assert server.requests.count("initialize") == 1
    assert bench.trail("web") == [*QUIET, "WARNING", "HEALTHY"]


def test_who_is_let_in_no_more_is_told_in_the_servers_words(bench: Bench) -> None:
    server = bench.server("error", era="legacy")
    server.error = {"code": -32001, "message": "Unauthorized: the API key is wrong"}
    bench.add("web", {"url": server.url})
    bench.until_state("web", "UNREACHABLE")
    row = bench.row("web")
    assert (row.error_kind, "the API key is wrong" in row.error_message) == ("auth", True)
