"""Faults of our own, in a running worker: none of them is held against a service."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from lifecycle.core.health import inconclusive
from lifecycle.core.health.inconclusive import Measured, Paths
from lifecycle.core.policy.policy import NORMAL
from lifecycle.engine.service import outcomes
from lifecycle.engine.worker import lag, network
from lifecycle.models import CheckResult, MassFailure, ServiceState, StateChange
from tests.doubles.fault_server import Asked, FaultServer
from tests.support.bench import HASTY, Bench
from tests.support.holding import Holder, http

UNKNOWN, UNHEALTHY = 7, 3


class LateServer(FaultServer):
    """A server of the newer protocol alone, whose first answer comes too late."""

    async def _misbehave(self, asked: Asked) -> bool:
        if self.requests == ["server/discover"]:
            await asyncio.sleep(1.5)
        return await super()._misbehave(asked)


async def test_a_late_answer_to_the_discovery_is_asked_for_again_where_the_older_handshake_is_unknown(
    holder: Holder,
) -> None:
    async with LateServer(era="modern") as server:
        connection = await holder.open(http(server.url), timeout=1)
        assert connection.greeting.protocol_version == "2026-07-28"
        assert server.requests[:3] == ["server/discover", "initialize", "server/discover"]


async def test_a_timeout_that_was_our_own_teaches_nothing_about_the_protocol(holder: Holder) -> None:
    async with FaultServer("hang", era="modern") as server:
        for _ in range(2):
            with pytest.raises(Exception, match="timeout"):
                await holder.open(http(server.url), timeout=0.5)
            holder.connector.unlearn("s")
        server.mode, server.requests = "ok", []
        await holder.open(http(server.url), timeout=3)
        assert server.requests[0] == "server/discover"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(
        tmp_path, replace(HASTY, reconnecting_failure_threshold=2, connect_timeout=NORMAL.connect_timeout)
    )
    bench.start()
    yield bench
    bench.close()


def _levels(name: str) -> list[int]:
    return list(CheckResult.objects.filter(service__name=name).order_by("at").values_list("level", flat=True))


async def _stand_still(seconds: float) -> None:
    time.sleep(seconds)


@pytest.mark.django_db(transaction=True)
def test_after_a_pause_no_service_is_blamed_and_the_checks_do_not_come_all_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "PAUSE", 1.0)
    server = bench.server()
    bench.add_all({f"web-{n}": {"url": f"{server.url}?{n}"} for n in range(12)})
    healthy = StateChange.objects.filter(after="HEALTHY")
    bench.until(lambda: healthy.count() == 12, limit=30)
    assert bench.worker is not None
    bench.worker.context.lateness.clear()
    server.mode = "slow"  # checks are under way when the pause comes
    time.sleep(0.5)
    bench.call(_stand_still(2.5))
    server.mode = "ok"
    time.sleep(1.0)
    assert StateChange.objects.exclude(after__in=["INITIALIZING", "HEALTHY"]).count() == 0
    assert max(bench.worker.context.lateness, default=0) < 1


@pytest.mark.django_db(transaction=True)
def test_without_files_nobody_is_asked_what_is_connected_stays_and_the_rest_follows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "WITHOUT_FILES", timedelta(seconds=0.2))
    early, late = bench.server(), bench.server()
    bench.add("early", {"url": early.url})
    bench.until_state("early", "HEALTHY")
    assert bench.worker is not None
    monkeypatch.setattr(bench.worker.context.files, "gone", lambda: True)
    bench.add("late", {"url": late.url})
    bench.until(lambda: ServiceState.objects.filter(service__name="late", unsure="files"))
    bench.until(lambda: len(_levels("late")) >= 2)
    assert (late.requests, set(_levels("late"))) == ([], {UNKNOWN})
    assert "no more files" in bench.ask("reconnect", "late").error
    assert bench.trail("late")[-1] == "INITIALIZING"
    assert bench.row("early").state == "HEALTHY"
    monkeypatch.undo()
    bench.until_state("late", "HEALTHY")
    assert bench.row("late").unsure == ""


@contextmanager
def _locked_database() -> Iterator[None]:
    """Nobody else can write meanwhile."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE lifecycle_workerseen SET services = services")
            held.set()
            release.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    try:
        yield
    finally:
        release.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_late_once_does_not_excuse_a_server_that_hangs_while_it_is_connected(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inconclusive, "DATABASE_LATE", 0.2)
    bench.policy = replace(bench.policy, connect_timeout=timedelta(seconds=3))
    server = bench.server("hang", era="legacy")
    bench.add("web", {"url": server.url})
    bench.until(lambda: bool(server.requests))
    assert bench.worker is not None
    writer = bench.worker.writer
    with _locked_database():
        bench.until(lambda: writer.lag() > 0.3)
    bench.until_state("web", "RECONNECTING", limit=10)
    assert bench.row("web").error_kind == "timeout"
    assert UNKNOWN not in _levels("web")


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_changes_no_state_and_no_counter(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inconclusive, "DATABASE_LATE", 0.2)
    server = bench.server(era="legacy")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    assert bench.worker is not None
    writer = bench.worker.writer
    with _locked_database():
        bench.until(lambda: writer.lag() > 0.3)
        server.mode, server.delay = "slow", 1.0
        asked = len(server.requests)
        bench.until(lambda: len(server.requests) > asked)
        time.sleep(HASTY.ping_timeout.total_seconds() + 0.2)
        server.mode = "ok"
    bench.until(lambda: UNKNOWN in _levels("web"))
    assert bench.trail("web") == ["INITIALIZING", "HEALTHY"]
    assert bench.row("web").consecutive_failures == 0


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker runs late all the time, by every measure, and still does its work."""
    since = lag.LagWatch.since

    def late(*args: Any, **more: Any) -> Measured:
        seen = since(*args, **more)
        return replace(seen, late=seen.lasted)

    monkeypatch.setattr(lag.LagWatch, "since", late)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("busy")
def test_a_busy_console_does_not_excuse_one_that_hangs_while_others_are_answered(bench: Bench) -> None:
    server, mute = bench.server(), bench.server("hang", era="legacy")
    bench.policy = replace(bench.policy, connect_timeout=timedelta(seconds=3))
    bench.add_all({f"web-{n}": {"url": f"{server.url}?{n}"} for n in range(4)})
    bench.add_all({"hangs": {"url": mute.url}})
    bench.until_state("hangs", "RECONNECTING", limit=10)
    assert bench.row("hangs").error_kind == "timeout"
    assert UNKNOWN not in _levels("hangs")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("busy")
def test_a_busy_console_does_not_excuse_one_that_hangs_for_ever(bench: Bench) -> None:
    server = bench.server(era="legacy")
    bench.add("alone", {"url": server.url})
    bench.until_state("alone", "HEALTHY")
    server.mode = "hang"
    bench.until_state("alone", "RECONNECTING", limit=20)
    assert _levels("alone").count(UNKNOWN) == inconclusive.EXCUSED_IN_A_ROW


@pytest.mark.django_db(transaction=True)
def test_without_a_network_of_our_own_a_service_elsewhere_stays_as_it_was_and_one_here_does_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What listens on a loopback address plays the other machine.
    monkeypatch.setattr(
        "lifecycle.engine.service.outcomes.remote_host", lambda url: "far.example" if "far" in url else ""
    )
    monkeypatch.setattr(
        "lifecycle.engine.service.attempts.remote_host", lambda url: "far.example" if "far" in url else ""
    )
    monkeypatch.setattr(network, "LOOK_EVERY", 0.0)
    assert bench.worker is not None
    has = [Paths(address=True, default_route=True)]
    monkeypatch.setattr(bench.worker.context.network, "_look", lambda: has[-1])
    far, here = bench.server(), bench.server()
    bench.add_all({"far": {"url": f"{far.url}?far"}, "here": {"url": here.url}})
    bench.until_state("far", "HEALTHY")
    bench.until_state("here", "HEALTHY")
    has.append(Paths(address=False, default_route=False))
    bench.call(far.stop())
    bench.call(here.stop())
    bench.until_state("here", "RECONNECTING")
    bench.until(lambda: _levels("far")[-2:] == [UNKNOWN, UNKNOWN], limit=12)
    row = bench.row("far")
    assert (row.state, row.unsure, row.consecutive_failures) == ("HEALTHY", "network", 0)
    has.append(has[0])
    bench.until_state("far", "RECONNECTING")
    bench.until(lambda: UNHEALTHY in _levels("far"))


@pytest.mark.django_db(transaction=True)
def test_when_most_services_fail_at_once_one_event_is_raised_and_retries_are_slowed_until_it_is_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecycle.engine.maintenance.tasks.MASS_EVERY", 0.2)
    server, other = bench.server(), bench.server()
    bench.stop()
    bench.start("second")
    bench.add_all({f"web-{n}": {"url": f"{server.url}?{n}"} for n in range(6)})
    bench.add_all({f"other-{n}": {"url": f"{other.url}?{n}"} for n in range(3)})
    healthy = ServiceState.objects.filter(state="HEALTHY")
    bench.until(lambda: healthy.count() == 9, limit=30)
    assert bench.worker is not None
    purse = bench.worker.context.lanes.purse
    assert not purse.picture()["slowed"]
    bench.call(server.stop())
    bench.until(lambda: purse.picture()["slowed"], limit=20)
    assert MassFailure.objects.get().total == 9
    bench.call(server.start())
    bench.until(lambda: not purse.picture()["slowed"], limit=30)
    assert MassFailure.objects.get().open is False
