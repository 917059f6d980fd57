"""What goes wrong with one service, and what the others notice of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.core.machine.moves import Change, Snapshot
from lifecycle.core.machine.states import State
from lifecycle.engine.recording.held import Held
from lifecycle.models import CheckResult, Command, ServiceState, StateChange
from lifecycle.operations import commands as operation_commands
from registry.models import Service
from registry.services import register
from tests.doubles.sse_server import SseServer
from tests.support.bench import HASTY, Bench, stdio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def test_the_exit_of_a_child_shows_within_a_second_and_is_repaired(bench: Bench) -> None:
    bench.add("child", stdio("exit-late"))
    bench.until_state("child", "HEALTHY")
    given = {"tool": "echo", "arguments": {}}
    killed = timezone.now()
    operation_commands.request("call-tool", "child", by="ann", now=killed, arguments=given)
    bench.until(lambda: "RECONNECTING" in bench.trail("child"))
    change = StateChange.objects.get(service__name="child", after="RECONNECTING")
    assert (change.at - killed).total_seconds() < 1
    assert (change.error_kind, "out of memory" in change.error_message) == ("exited", True)
    bench.until_state("child", "HEALTHY")


def test_a_dead_http_server_is_found_by_the_next_check_and_reconnected_when_it_is_back(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    bench.call(server.stop())
    bench.until_state("web", "RECONNECTING", limit=3)
    row = bench.row("web")
    assert row.error_kind == "refused"
    assert row.next_retry_at is not None
    assert row.not_serving_since is not None
    bench.call(server.start())
    bench.until_state("web", "HEALTHY")
    assert bench.row("web").error_message == ""


def test_failed_checks_warn_at_the_third_and_reconnect_at_the_fifth(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    server.mode = "500"
    bench.until_state("web", "RECONNECTING")
    assert bench.trail("web")[:4] == ["INITIALIZING", "HEALTHY", "WARNING", "RECONNECTING"]
    failed = CheckResult.objects.filter(service__name="web", level=3)
    bench.until(lambda: failed.count() >= 5, limit=3)


def test_each_attempt_is_a_check_so_that_the_bar_shows_downtime_and_its_end(bench: Bench) -> None:
    server = bench.server()
    bench.call(server.stop())
    bench.add("web", {"url": server.url})
    levels = CheckResult.objects.filter(service__name="web").order_by("at").values_list("level", flat=True)
    bench.until(lambda: list(levels.all())[:2] == [3, 3], limit=5)
    bench.call(server.start())
    bench.until(lambda: list(levels.all())[-1] == 0)


def test_a_service_without_credentials_is_not_retried_in_haste(bench: Bench) -> None:
    bench.add("web", {"url": bench.server("401").url})
    bench.until_state("web", "UNREACHABLE")
    assert bench.trail("web") == ["INITIALIZING", "UNREACHABLE"]
    assert bench.row("web").error_kind == "auth"


def test_stop_is_obeyed_while_a_connection_attempt_hangs(bench: Bench) -> None:
    bench.add("child", stdio("mute"))
    bench.until(lambda: bench.trail("child") == ["INITIALIZING"])
    time.sleep(0.5)
    started = time.monotonic()
    command = bench.ask("stop", "child", force=True)
    assert (command.state, time.monotonic() - started < 3) == ("done", True)
    assert bench.row("child").state == "DISCONNECTED"


def test_who_is_to_let_go_in_the_moment_of_a_stop_still_closes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another worker takes the shard over just then."""
    bench.add("child", stdio())
    bench.until_state("child", "HEALTHY")
    assert bench.worker is not None
    (owner,) = bench.worker._owners._owners.values()
    assert owner.service.connection is not None
    recorder, pid = bench.worker.context.recorder, owner.service.connection.pid
    record = recorder.change

    async def change(held: Held, snap: Snapshot, step: Change | None, now: datetime, **more: Any) -> bool:
        if step is not None and step.after is State.DISCONNECTING:
            owner.release()
        return await record(held, snap, step, now, **more)

    monkeypatch.setattr(recorder, "change", change)
    operation_commands.request("stop", "child", by="ann", now=timezone.now())
    bench.until_state("child", "DISCONNECTED")
    bench.until(lambda: not psutil.pid_exists(pid), limit=5)


def test_a_stop_by_force_overtakes_a_gentle_one(bench: Bench) -> None:
    bench.add("child", stdio("stubborn"))
    bench.until_state("child", "HEALTHY")
    gentle = operation_commands.request("stop", "child", by="ann", now=timezone.now())
    bench.until_state("child", "DISCONNECTING")
    forced = bench.ask("stop", "child", force=True)
    assert operation_commands.wait_sync(gentle.pk, 3).state == forced.state == "done"
    assert forced.finished_at is not None
    assert (forced.finished_at - forced.created_at).total_seconds() < 2.5


def test_fifty_good_services_do_not_notice_ten_that_hang(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(HASTY, health_check_interval=timedelta(seconds=2)))
    worker = bench.start()
    try:
        good, hanging = bench.server(), bench.server("hang")
        bench.add_all({f"hang-{n}": {"url": f"{hanging.url}?{n}"} for n in range(10)})
        bench.add_all({f"good-{n}": {"url": f"{good.url}?{n}"} for n in range(50)})
        healthy = ServiceState.objects.filter(service__name__startswith="good", state="HEALTHY")
        bench.until(lambda: healthy.count() == 50, limit=30)
        worker.context.lateness.clear()
        stalled = longest_stall(8)
        assert healthy.count() == 50
        assert not StateChange.objects.filter(service__name__startswith="good", event="lost").exists()
        lateness = list(worker.context.lateness)
        assert len(lateness) > 100
        assert max(lateness) < 1 + stalled
    finally:
        bench.close()


def longest_stall(seconds: float) -> float:
    """Wait; by how much, in seconds, the machine itself was late meanwhile: no hanging server's doing."""
    end, worst, pause = time.monotonic() + seconds, 0.0, 0.05
    while (before := time.monotonic()) < end:
        time.sleep(pause)
        worst = max(worst, time.monotonic() - before - pause)
    return worst


def test_tools_are_read_again_on_demand(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    server.mode = "duplicate-tools"
    assert bench.ask("refresh-tools", "web").state == "done"
    assert bench.row("web").tools_count == 2


def test_tools_are_read_again_when_the_server_says_that_they_changed(bench: Bench) -> None:
    server = SseServer()
    bench.adopt(server)
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    before = server.requests.count("tools/list")
    bench.call(_notify(server))
    bench.until(lambda: server.requests.count("tools/list") > before)


def test_tools_that_change_right_after_they_were_read_are_read_again(bench: Bench) -> None:
    server = SseServer("news")
    bench.adopt(server)
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    bench.until(lambda: server.requests.count("tools/list") > 1)


async def _notify(server: SseServer) -> None:
    for _ in range(5):
        server.notify("notifications/tools/list_changed")


def test_a_check_during_which_we_stood_still_proves_nothing(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    before = bench.trail("web")
    assert bench.worker is not None
    server.mode = "slow"
    server.delay = 0.3
    excused = CheckResult.objects.filter(service__name="web", level=7)
    for _ in range(12):  # until a check is under way while we stand still
        bench.call(_stand_still())
        time.sleep(0.3)
        if excused.exists():
            break
    bench.until(excused.exists)
    assert bench.trail("web") == before
    assert bench.row("web").consecutive_failures == 0


async def _stand_still() -> None:
    time.sleep(1.6)


def test_a_new_worker_goes_on_with_healthy_services_without_a_transition(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    before = bench.trail("web")
    bench.stop()
    assert bench.row("web").state == "HEALTHY"
    bench.start("second")
    bench.until(lambda: bench.row("web").worker == "second")
    assert bench.ask("check", "web").state == "done"
    assert bench.trail("web") == before


def test_a_new_worker_that_cannot_reach_a_healthy_service_says_that_it_is_lost(bench: Bench) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    bench.stop()
    bench.call(server.stop())
    bench.start("second")
    bench.until_state("web", "RECONNECTING")


def test_commands_of_a_dead_worker_are_queued_again_but_tool_calls_fail(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    bench.stop()
    service = bench.row("web").service
    now = timezone.now()
    fields = {
        "service": service,
        "state": "taken",
        "worker": "dead",
        "requested_by": "ann",
        "created_at": now,
    }
    check = Command.objects.create(kind="check", **fields)
    call = Command.objects.create(kind="call-tool", **fields)
    bench.start("second")
    assert operation_commands.wait_sync(check.pk, 10).state == "done"
    failed = operation_commands.wait_sync(call.pk, 1)
    assert (failed.state, failed.error) == ("failed", "the worker stopped during the call")


def test_a_stop_that_a_worker_did_not_finish_is_finished_by_the_next(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    bench.stop()
    ServiceState.objects.update(state="DISCONNECTING", disconnect_reason="stopped by ann")
    Service.objects.update(desired="stopped")
    bench.start("second")
    bench.until_state("web", "DISCONNECTED")


def test_a_service_removed_while_no_worker_was_there_is_stopped_by_the_next(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    bench.stop()
    register.remove("web", by="ann", now=timezone.now())
    bench.start("second")
    bench.until_state("web", "DISCONNECTED")
    assert bench.trail("web") == ["INITIALIZING", "HEALTHY", "DISCONNECTING", "DISCONNECTED"]


def test_a_row_that_somebody_else_wrote_is_read_again_and_not_overwritten(bench: Bench) -> None:
    bench.add("web", {"url": bench.server().url})
    bench.until_state("web", "HEALTHY")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lifecycle_servicestate SET state = 'UNREACHABLE', version = version + 7")
    bench.until(lambda: bench.trail("web")[-1] == "HEALTHY" and len(bench.trail("web")) == 3)
    last = StateChange.objects.filter(service__name="web").latest("id")
    assert (last.before, last.after) == ("UNREACHABLE", "HEALTHY")


def test_a_program_that_exits_in_a_loop_is_restarted_three_times_and_then_seldom(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(HASTY, restart_delay=timedelta(seconds=0.2), base_delay=timedelta(60)))
    bench.start()
    try:
        bench.add("child", stdio("exit"))
        bench.until_state("child", "UNREACHABLE")
        row = bench.row("child")
        assert (row.restarts, row.error_kind) == (4, "exited")
        assert bench.trail("child") == ["INITIALIZING", "RECONNECTING", "UNREACHABLE"]
        assert (
            "restart limit reached: 3 restarts"
            in StateChange.objects.filter(after="UNREACHABLE").get().reason
        )
    finally:
        bench.close()


def test_a_program_that_is_not_to_be_restarted_stays_down_even_for_the_next_worker(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(HASTY, restart_on_exit=False))
    bench.start()
    try:
        bench.add("child", stdio("exit"))
        bench.until_state("child", "DISCONNECTED")
        trail = bench.trail("child")
        assert trail == ["INITIALIZING", "RECONNECTING", "UNREACHABLE", "DISCONNECTED"]
        bench.stop()
        bench.start("second")
        bench.until(lambda: bench.worker is not None and bench.worker.context is not None)
        time.sleep(1.2)
        assert bench.trail("child") == trail
        assert bench.ask("start", "child").state == "failed"
    finally:
        bench.close()
