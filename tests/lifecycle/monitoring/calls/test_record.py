"""A real worker writes down each call that it makes, and each that it does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import calls
from lifecycle.engine.worker import desired_state
from lifecycle.models import ChildProcess, Command, HostSample, ProcessRollup, ToolCall, ToolRollup
from lifecycle.monitoring.calls import presenter, queries
from lifecycle.monitoring.calls.record import LONGEST_ARGUMENTS, TOOLS, record
from lifecycle.monitoring.hosts.sampling import this_host
from lifecycle.monitoring.usage.folding import fold
from lifecycle.operations import commands as operation_commands
from registry.contracts import approve as contract_approve
from registry.core.entries.filling import MASK
from tests.support.bench import HASTY, Bench, stdio
from tests.support.pages import make_service, make_tool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, replace(HASTY, call_timeout=timedelta(seconds=0.5)))
    bench.start()
    yield bench
    bench.close()


def said(name: str) -> list[tuple[str, str]]:
    return list(ToolCall.objects.filter(service__name=name).order_by("id").values_list("tool", "outcome"))


def test_each_way_a_call_can_end_is_a_row_of_its_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add_all({"good": stdio(), "bad": stdio("tool-error"), "mute": stdio("hang")})
    for name in ("good", "bad", "mute"):
        bench.until_state(name, "HEALTHY")
    given = {"tool": "echo", "arguments": {"message": "Bern", "api_key": "k-1"}}
    answered = bench.ask("call-tool", "good", arguments=given, origin="rest")
    bench.ask("call-tool", "bad", arguments=given)
    bench.ask("call-tool", "mute", arguments=given)
    assert [said(name) for name in ("good", "bad", "mute")] == [
        [("echo", "ok")],
        [("echo", "tool_error")],
        [("echo", "timeout")],
    ]
    row = ToolCall.objects.get(service__name="good")
    assert (row.command_id, row.by, row.origin) == (answered.pk, "ann", "rest")
    assert row.at == int((answered.finished_at or timezone.now()).timestamp() * 1000)
    assert row.duration_ms == (operation_commands.outcome_of(answered) or {})["duration_ms"]
    assert row.answer_bytes == len('[{"type": "text", "text": "Bern"}]')
    assert json.loads(presenter.details(row).arguments) == {"message": "Bern", "api_key": MASK}
    assert "Bern" not in row.arguments  # sealed, as in the command
    assert (ToolCall.objects.get(service__name="mute").duration_ms or 0) >= 500

    monkeypatch.setattr(contract_approve, "why_waiting", lambda service, tool: "it waits for approval")
    monkeypatch.setattr(operation_commands, "_refuse_impossible", lambda *args: None)
    bench.ask("call-tool", "good", arguments=given)
    assert said("good") == [("echo", "ok"), ("echo", "refused")]
    now = timezone.now()
    total = queries.call_totals(row.service_id, now - timedelta(minutes=5), now)
    assert (total.calls, total.failed, total.refused) == (1, 0, 1)
    assert {rolled.span for rolled in ToolRollup.objects.filter(service_id=row.service_id)} == {
        300,
        3600,
        86400,
    }


def test_a_call_without_a_connection_failed(bench: Bench) -> None:
    bench.add("gone", {"url": "http://127.0.0.1:9/mcp"})
    bench.until_state("gone", "RECONNECTING")
    bench.ask("call-tool", "gone", arguments={"tool": "echo", "arguments": {}})
    assert said("gone") == [("echo", "failed")]
    row = ToolCall.objects.get()
    assert row.duration_ms is None
    assert "not connected" in presenter.details(row).error


def asked(**arguments: object) -> Command:
    service = make_service()
    make_tool(service, input_schema={"properties": {"pin": {"format": "password"}}})
    given = {"tool": "forecast", "arguments": arguments}
    command = operation_commands.request(
        "call-tool", service.name, by="ann", now=timezone.now(), arguments=given, origin="page"
    )
    Command.objects.update(state=Command.State.TAKEN, worker="w")
    return command


def test_a_call_that_the_workers_end_cut_off_failed_and_is_written_once() -> None:
    command = asked()
    for _ in range(2):
        desired_state.put_back_commands(timezone.now())
    row = ToolCall.objects.get()
    assert (row.outcome, row.command_id, row.origin) == ("failed", command.pk, "page")
    assert presenter.details(row).error == desired_state.CALL_CUT


def test_what_the_schema_hides_is_masked_and_what_is_long_is_cut() -> None:
    command = asked(pin="0000", text="x" * 5000)
    record(command, {"ok": True, "content": [], "duration_ms": 4.5}, "", timezone.now())
    text = presenter.details(ToolCall.objects.get()).arguments
    assert text.startswith(f'{{"pin": "{MASK}", "text": "xxx')
    assert (len(text), text[-1]) == (LONGEST_ARGUMENTS, "…")


def test_without_the_key_nothing_can_be_written_down_and_nothing_breaks() -> None:
    command = asked()
    Command.objects.update(arguments="gAAAAA-of-another-key")
    record(Command.objects.get(pk=command.pk), None, "no", timezone.now())
    assert not ToolCall.objects.exists()


def test_other_commands_are_no_calls() -> None:
    command = operation_commands.request("check", make_service().name, by="ann", now=timezone.now())
    record(command, None, "no", timezone.now())
    assert not ToolCall.objects.exists()


def test_the_options_of_monitoring_say_what_is_slow_and_whether_anything_is_recorded(
    options: Callable[..., None],
) -> None:
    command = asked()
    answer = {"ok": True, "content": [], "duration_ms": 40.0}
    options(enabled=False)
    record(command, answer, "", timezone.now())
    assert not ToolCall.objects.exists()
    options(slow_call_threshold=0.03)
    record(command, answer, "", timezone.now())
    assert ToolCall.objects.get().slow
    options(slow_call_threshold=5)
    now = timezone.now()
    assert queries.call_totals(command.service_id, now - timedelta(minutes=1), now).slow == 1


def test_a_call_that_may_not_be_made_is_written_down_too() -> None:
    service = make_service("off", state=State.DISCONNECTED)
    given = {"tool": "forecast", "arguments": {"city": "Bern"}}
    now = timezone.now()
    for arguments in (given, {"tool": 7}):
        with pytest.raises(operation_commands.NotPossibleError):
            operation_commands.request(
                "call-tool", "off", by="bob", now=now, arguments=arguments, origin="rest"
            )
    row = ToolCall.objects.get()
    assert (row.tool, row.outcome, row.by, row.origin) == ("forecast", "refused", "bob", "rest")
    assert (row.command_id, row.duration_ms) == (None, None)
    assert presenter.details(row).error == "off is stopped; start it first"
    total = queries.call_totals(service.pk, now - timedelta(minutes=1), now + timedelta(seconds=1))
    assert (total.calls, total.refused) == (0, 1)


def test_a_command_ends_together_with_its_row_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    command = asked()

    def broken(*args: object) -> None:
        raise OSError("killed here")

    for place in ("fold", "_arguments"):
        with monkeypatch.context() as patch:
            patch.setattr(f"lifecycle.monitoring.calls.record.{place}", broken)
            with pytest.raises(OSError):
                desired_state.put_back_commands(timezone.now())
        command.refresh_from_db()
        assert command.state == Command.State.TAKEN
        assert not ToolCall.objects.exists()
    desired_state.put_back_commands(timezone.now())
    assert ToolCall.objects.count() == 1


@pytest.mark.both_databases
def test_two_that_add_at_a_time_lose_nothing() -> None:
    service, summary, together = make_service(), calls.one("ok", 5.0), threading.Barrier(2, timeout=20)

    def add() -> None:
        for turn in range(15):
            together.wait()
            fold(TOOLS, 86_400_000 + turn * 300, {(service.pk, "x"): summary})
        connection.close()

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = [(row.span, calls.unpack(bytes(row.data)).calls) for row in ToolRollup.objects.all()]
    assert sorted(counted) == [(300, 2)] * 15 + [(3600, 6), (3600, 24), (86400, 30)]


def test_a_worker_samples_its_host_and_the_programs_of_its_services(bench: Bench) -> None:
    bench.add("child", stdio())
    bench.until_state("child", "HEALTHY")
    bench.until(HostSample.objects.exists)
    sample = HostSample.objects.get()
    assert (sample.host, sample.disk_total > 0) == (this_host(), True)
    assert bench.worker is not None
    bench.until(lambda: ChildProcess.objects.filter(ended_at=None).exists())
    bench.call(bench.worker.maintenance.sample())
    assert set(ProcessRollup.objects.values_list("service__name", "span")) == {
        ("child", 300), ("child", 3600), ("child", 86400),
    }  # fmt: skip
