"""The main path: register, connect, list, ask for things, stop, remove."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from lifecycle.models import CheckResult, Command, FeedItem, ServiceState, StateChange
from lifecycle.operations import commands as operation_commands
from registry.models import Desired, Service, Tool
from registry.services import register
from tests.support.bench import Bench, stdio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def test_a_registered_service_becomes_healthy_with_its_tools_in_the_database(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.add("child", stdio())
    for name in ("web", "child"):
        bench.until_state(name, "HEALTHY")
        assert bench.trail(name) == ["INITIALIZING", "HEALTHY"]
        row = bench.row(name)
        assert (row.tools_count, row.revision_applied, row.worker) == (1, 1, "bench")
        assert list(Tool.objects.filter(service__name=name).values_list("name", flat=True)) == ["echo"]
    assert bench.row("web").protocol_version == "2026-07-28"
    assert bench.row("child").server_name == "double"


def test_checks_are_written_together_and_change_no_state(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until(lambda: CheckResult.objects.filter(service__name="web").count() >= 3)
    row = bench.row("web")
    assert bench.trail("web") == ["INITIALIZING", "HEALTHY"]
    assert row.last_level == "healthy"
    assert row.response_ms is not None
    assert set(CheckResult.objects.values_list("level", flat=True)) == {0}


def test_a_service_registered_as_stopped_stays_at_rest_until_started(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url, "disabled": True})
    bench.until_state("web", "DISCONNECTED")
    command = bench.ask("start", "web")
    assert (command.state, command.error) == ("done", "")
    assert bench.trail("web") == ["DISCONNECTED", "INITIALIZING", "HEALTHY"]


def test_each_command_is_taken_up_within_a_second_and_answered(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    for kind in ("check", "refresh-tools", "reconnect", "restart", "stop", "start"):
        command = bench.ask(kind, "web")
        assert (kind, command.state, command.error) == (kind, "done", "")
        assert command.taken_at is not None
        assert (command.taken_at - command.created_at).total_seconds() < 1
        assert FeedItem.objects.filter(kind="command", ref=command.pk).count() == 2
    assert bench.trail("web") == [
        *("INITIALIZING", "HEALTHY"),
        *("RECONNECTING", "HEALTHY"),
        *("DISCONNECTING", "DISCONNECTED", "INITIALIZING", "HEALTHY"),
        *("DISCONNECTING", "DISCONNECTED"),
        *("INITIALIZING", "HEALTHY"),
    ]
    reasons = StateChange.objects.filter(service__name="web").values_list("reason", flat=True)
    assert {"reconnection requested by ann", "restarted by ann", "stopped by ann", "started by ann"} <= set(
        reasons
    )


def test_a_tool_call_brings_its_outcome_back(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    given = {"tool": "echo", "arguments": {"message": "hello"}}
    command = bench.ask("call-tool", "web", arguments=given)
    outcome = operation_commands.outcome_of(command)
    assert outcome is not None
    assert (outcome["ok"], outcome["content"]) == (True, [{"type": "text", "text": "hello"}])
    assert outcome["duration_ms"] > 0
    assert "hello" not in command.arguments + command.outcome, "calls are sealed at rest"


def test_a_failing_tool_is_an_outcome_and_no_failed_command(bench: Bench) -> None:
    server = bench.server("tool-error")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    command = bench.ask("call-tool", "web", arguments={"tool": "echo", "arguments": {"message": "oh"}})
    outcome = operation_commands.outcome_of(command)
    assert command.state == "done"
    assert outcome is not None
    assert (outcome["ok"], outcome["error"]) == (False, "oh")


def test_a_start_that_cannot_connect_says_why(bench: Bench) -> None:
    bench.add("web", {"url": "http://127.0.0.1:9/mcp", "disabled": True})
    bench.until_state("web", "DISCONNECTED")
    command = bench.ask("start", "web")
    assert command.state == "failed"
    assert "connection refused" in command.error


def test_no_command_stays_open_when_later_ones_overtake_it(bench: Bench) -> None:
    bench.add("child", stdio())
    bench.until_state("child", "HEALTHY")
    for kind in (
        "restart",
        "reconnect",
        "check",
        "stop",
        "restart",
        "stop",
        "start",
        "refresh-tools",
        "stop",
    ):
        with contextlib.suppress(operation_commands.NotPossibleError):
            operation_commands.request(kind, "child", by="ann", now=timezone.now())
    bench.until(lambda: not Command.objects.filter(state__in=["queued", "taken"]).exists())
    assert bench.row("child").state == "DISCONNECTED"


def test_what_needs_a_running_service_is_refused_for_a_stopped_one(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url, "disabled": True})
    with pytest.raises(operation_commands.NotPossibleError, match="start it first"):
        bench.ask("check", "web")


def test_a_removed_service_is_closed_and_its_commands_fail(bench: Bench) -> None:
    bench.add("child", stdio())
    bench.until_state("child", "HEALTHY")
    gone = Service.objects.get(name="child")
    register.remove("child", by="ann", now=timezone.now())
    bench.until(lambda: ServiceState.objects.get(pk=gone.pk).state == "DISCONNECTED")
    late = Command.objects.create(service=gone, kind="check", requested_by="ann", created_at=timezone.now())
    answered = operation_commands.wait_sync(late.pk, 5)
    assert (answered.state, answered.error) == ("failed", "the service no longer exists")


def test_a_name_can_be_used_again_after_removal(bench: Bench) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    register.remove("web", by="ann", now=timezone.now())
    bench.add("web", {"url": server.url})
    new = Service.objects.get(name="web", removed_at=None)
    bench.until(lambda: ServiceState.objects.filter(pk=new.pk, state="HEALTHY").exists())


def test_a_changed_configuration_restarts_the_service_with_it(bench: Bench) -> None:
    first, second = bench.server(), bench.server()
    bench.add("web", {"url": first.url})
    bench.until_state("web", "HEALTHY")
    bench.add("web", {"url": second.url})
    bench.until(lambda: bench.row("web").revision_applied == 2)
    assert bench.trail("web") == [
        "INITIALIZING",
        "HEALTHY",
        "DISCONNECTING",
        "DISCONNECTED",
        "INITIALIZING",
        "HEALTHY",
    ]
    reasons = StateChange.objects.filter(service__name="web").values_list("reason", flat=True)
    assert reasons[2] == reasons[4] == "configuration changed"
    assert "tools/list" in second.requests


def test_a_check_asked_for_while_a_new_configuration_is_applied_waits_for_it(bench: Bench) -> None:
    server = bench.server()
    bench.add("child", stdio("stubborn"))
    bench.until_state("child", "HEALTHY")
    bench.add("child", {"url": server.url})
    bench.until_state("child", "DISCONNECTING")
    checked = bench.ask("check", "child")
    assert (checked.state, checked.error) == ("done", "")
    assert (operation_commands.outcome_of(checked) or {})["state"] == "HEALTHY"
    assert "tools/list" in server.requests


def test_a_failing_service_tries_a_new_configuration_at_once(bench: Bench) -> None:
    server = bench.server()
    bench.add("child", {"command": "/nonexistent/program"})
    bench.until_state("child", "UNREACHABLE")
    assert bench.row("child").error_kind == "spawn"
    bench.add("child", {"url": server.url})
    bench.until_state("child", "HEALTHY")
    assert bench.trail("child") == ["INITIALIZING", "UNREACHABLE", "RECONNECTING", "HEALTHY"]


def test_a_command_changed_behind_the_registry_is_not_started(bench: Bench) -> None:
    bench.add("child", stdio())
    bench.until_state("child", "HEALTHY")
    entry = {"command": "/bin/echo", "args": ["not approved"]}
    Service.objects.filter(name="child").update(entry=entry, revision=2, updated_at=timezone.now())
    register.set_desired(Service.objects.get(name="child").pk, Desired.STOPPED, by="ann", now=timezone.now())
    bench.until_state("child", "DISCONNECTED")
    command = bench.ask("start", "child")
    assert (command.state, bench.row("child").error_kind) == ("failed", "policy")
    assert "without approval" in command.error


def test_secrets_in_errors_are_masked(bench: Bench) -> None:
    bench.add(
        "child",
        {"command": "/bin/sh", "args": ["-c", "echo my $KEY >&2; exit 1"], "env": {"KEY": "s3cr3t-token"}},
    )
    bench.until(lambda: ServiceState.objects.filter(error_kind="exited").exists())
    row = bench.row("child")
    assert "s3cr3t" not in row.error_message
    assert "my " in row.error_message
    assert not StateChange.objects.filter(error_message__contains="s3cr3t").exists()


def test_a_key_file_that_is_gone_while_the_console_runs_is_no_missing_approval(
    bench: Bench, settings: Settings
) -> None:
    bench.add("child", {**stdio(), "env": {"TOKEN": "value-1"}})
    bench.until_state("child", "HEALTHY")
    key = Path(settings.SECRETS_KEY_FILE)
    kept = key.read_bytes()
    key.unlink()
    try:
        command = bench.ask("restart", "child")
    finally:
        key.write_bytes(kept)
    row = bench.row("child")
    assert (command.state, row.error_kind, row.error_cause) == ("failed", "policy", "foreign-key")
    assert "is missing" in command.error
    assert "approval" not in command.error
