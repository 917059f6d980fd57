"""A tool is called at each check, and its answer decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.checks.functional import judge
from lifecycle.engine.session.tool_call import CallOutcome
from lifecycle.models import CheckResult
from registry.core.entries.functional_check import CHECK, FunctionalCheck
from registry.models import Service, WaitingTool
from tests.support.bench import Bench, stdio
from tests.support.offering import NOW

SUNNY = FunctionalCheck(tool="forecast", expect="sunny")


def answer(text: str, **fields: Any) -> CallOutcome:
    return CallOutcome(
        **{"ok": True, "content": [{"type": "text", "text": text}], "structured": None, "error": "", **fields}
    )


def test_the_answer_must_contain_the_text() -> None:
    assert judge(answer("it is sunny today"), SUNNY) is None
    fault = judge(answer("it rains"), SUNNY)
    assert fault is not None
    assert (fault.kind, fault.lost) == (Kind.FUNCTION, False)
    assert fault.message == (
        'the functional check failed: the answer of the tool "forecast" does not contain "sunny"; '
        "it says: it rains"
    )


def test_the_structured_part_counts_too_and_nothing_is_something_to_say() -> None:
    assert judge(answer("", structured={"sky": "sunny"}), SUNNY) is None
    fault = judge(answer("", content=[{"type": "image"}]), SUNNY)
    assert fault is not None and fault.message.endswith("it says: nothing")
    assert judge(answer(""), FunctionalCheck(tool="t")) is None


def test_a_tool_that_fails_fails_the_check() -> None:
    fault = judge(answer("sunny", ok=False, error="no such city"), SUNNY)
    assert fault is not None and fault.message.endswith('the tool "forecast" says: no such city')


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def check(message: str, expect: str) -> dict[str, Any]:
    return {CHECK: {"tool": "echo", "arguments": {"message": message}, "expect": expect}}


@pytest.mark.django_db(transaction=True)
def test_a_server_that_answers_but_does_not_work_is_unhealthy(bench: Bench) -> None:
    bench.add("good", stdio() | check("all well", "well"))
    bench.add("bad", stdio() | check("api_key=hunter2-secret", "well"))
    bench.until_state("good", "HEALTHY")
    bench.until_state("bad", "WARNING")
    row = bench.row("bad")
    assert (row.error_kind, "does not contain" in row.error_message) == ("function", True)
    bench.until(lambda: CheckResult.objects.filter(service__name="good").count() > 3)
    assert bench.row("good").state == "HEALTHY"
    assert not CheckResult.objects.filter(service__name="good", level=3).exists()


@pytest.mark.django_db(transaction=True)
def test_a_secret_among_the_arguments_is_masked_in_the_message(bench: Bench) -> None:
    entry = stdio() | {
        CHECK: {"tool": "echo", "arguments": {"message": "ghp_hunter2secretvalue"}, "expect": "x"}
    }
    bench.add("bad", entry)
    bench.until_state("bad", "WARNING")
    message = bench.row("bad").error_message
    assert "hunter2" not in message and "••••" in message


@pytest.mark.django_db(transaction=True)
def test_a_changed_check_is_taken_up(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url} | check("rain", "sun"))
    bench.until_state("web", "WARNING")
    bench.add("web", {"url": server.url} | check("sun", "sun"))
    bench.until(lambda: bench.row("web").revision_applied == 2 and bench.row("web").state == "HEALTHY")
    before = server.requests.count("tools/call")
    bench.until(lambda: server.requests.count("tools/call") > before + 2)
    assert bench.row("web").state == "HEALTHY"


@pytest.mark.django_db(transaction=True)
def test_a_tool_that_waits_for_approval_is_not_called_by_the_check_either(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url} | check("sun", "sun"))
    bench.until(lambda: server.requests.count("tools/call") > 1)
    WaitingTool.objects.create(
        service=Service.objects.get(name="web"), name="echo", action="changed", grade="text", since=NOW
    )
    pings = server.requests.count("ping")
    bench.until(lambda: server.requests.count("ping") > pings + 1)
    calls = server.requests.count("tools/call")
    bench.until(lambda: server.requests.count("ping") > pings + 4)
    assert server.requests.count("tools/call") == calls
    assert bench.row("web").state == "HEALTHY"


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_wants_oauth_needs_sign_in_until_it_has_a_token(bench: Bench) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url, "auth": "oauth"})
    bench.until_state("web", "UNREACHABLE")
    row = bench.row("web")
    assert (row.error_kind, row.error_cause) == ("auth", "needs-sign-in")
    assert server.requests == []
    bench.add("web", {"url": server.url, "auth": "oauth", "headers": {"Authorization": "Bearer x-y-z"}})
    bench.until_state("web", "HEALTHY")
