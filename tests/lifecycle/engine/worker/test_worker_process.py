"""`manage.py runlifecycle` as a process: one at a time, a clean stop, and nothing torn by a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from lifecycle.models import Command, ServiceState, StateChange, WorkerSeen
from lifecycle.operations import commands as operation_commands
from registry.models import Role, Service
from registry.services import register
from tests.doubles.fault_server import FaultServer
from tests.support.bench import Bench, stdio
from tests.support.holding import STDIO_DOUBLE
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


def database_url() -> str:
    """The address of the test's own database."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


class Program:
    """The command, on the database of the test."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *, wait: bool = True) -> subprocess.Popen[str]:
        before = timezone.now()
        env = {**os.environ, "MCPSTORE_DATA_DIR": str(settings.DATA_DIR), "DATABASE_URL": database_url()}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runlifecycle"],
            cwd=ROOT,
            env=env,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if not wait else subprocess.DEVNULL,
        )
        self.started.append(process)
        if wait:
            until(lambda: WorkerSeen.objects.filter(pid=process.pid, started_at__gte=before).exists(), 40)
        return process


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program()
    yield program
    for process in program.started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    until(lambda: not doubles(), 8)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Bench]:
    """Servers alone, without a worker of our own."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def until(condition: Callable[[], object], limit: float) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < limit, f"not within {limit} s"
        time.sleep(0.02)
    return time.monotonic() - started


def doubles() -> list[int]:
    """Children of any worker of this test: our stdio servers and what supervises them."""
    mark = str(settings.DATA_DIR)
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if (str(STDIO_DOUBLE) in line or "supervisor" in line) and _belongs(process, mark):
            found.append(process.info["pid"])
    return found


def _belongs(process: psutil.Process, mark: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("MCPSTORE_TEST") == mark
    except psutil.Error:
        return False


def child_entry() -> dict[str, Any]:
    return {**stdio(), "env": {"MCPSTORE_TEST": str(settings.DATA_DIR)}}


def add(entries: dict[str, dict[str, Any]]) -> None:
    results = register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    assert [result.name for result in results if result.error] == []


def all_in(state: str, count: int) -> Callable[[], bool]:
    return lambda: ServiceState.objects.filter(state=state).count() == count


def assert_nothing_is_torn() -> None:
    """Each row agrees with its history, and each history is an unbroken chain."""
    for row in ServiceState.objects.all():
        chain = list(StateChange.objects.filter(service=row.pk).order_by("id").values_list("before", "after"))
        assert chain[0][0] == ""
        assert [after for _, after in chain][:-1] == [before for before, _ in chain][1:]
        assert row.state == chain[-1][1]


def test_sigterm_closes_everything_and_leaves_states_as_they_are(program: Program, servers: Bench) -> None:
    process = program.start()
    hanging = servers.server("hang")
    add({"child": child_entry(), "web": {"url": servers.server().url}, "hang": {"url": hanging.url}})
    until(all_in("HEALTHY", 2), 30)
    before = list(StateChange.objects.values_list("id", flat=True))
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    took = time.monotonic() - started
    assert took < 15
    assert doubles() == []
    assert ServiceState.objects.filter(state="HEALTHY").count() == 2
    assert not StateChange.objects.exclude(service__name="hang").exclude(id__in=before).exists()
    assert WorkerSeen.objects.get(pid=process.pid).stopped_at is not None


def test_a_second_worker_is_refused_until_the_first_is_dead(
    program: Program,
) -> None:
    first = program.start()
    second = program.start(wait=False)
    assert second.wait(30) == 1
    assert second.stderr is not None
    assert "Another worker" in second.stderr.read()
    first.kill()
    third = program.start()
    assert third.poll() is None


@pytest.mark.slow
def test_a_kill_at_any_moment_tears_nothing_and_leaves_nothing(program: Program, servers: Bench) -> None:
    server = servers.server()
    add({"child-0": child_entry(), "child-1": child_entry()})
    add({"web-0": {"url": server.url}, "web-1": {"url": server.url}})
    chance = random.Random(7)
    for _ in range(5):
        process = program.start()
        end = time.monotonic() + chance.uniform(0.2, 3)
        while time.monotonic() < end:
            name = chance.choice(["child-0", "child-1", "web-0", "web-1"])
            kind = chance.choice(["restart", "reconnect", "stop", "start"])
            operation_commands.request(kind, name, by="ann", now=timezone.now())
            time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.wait()
        until(lambda: not doubles(), 6)
        assert_nothing_is_torn()
    for name in ("child-0", "child-1", "web-0", "web-1"):
        operation_commands.request("start", name, by="ann", now=timezone.now())
    process = program.start()
    until(all_in("HEALTHY", 4), 40)
    until(lambda: not Command.objects.filter(state__in=["queued", "taken"]).exists(), 15)
    assert_nothing_is_torn()
    assert Service.objects.count() == 4
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0


def test_servers_of_this_file_are_told_apart_by_their_environment(servers: Bench) -> None:
    assert isinstance(servers.server(), FaultServer)
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", str(STDIO_DOUBLE)],
        stdin=subprocess.PIPE,
        env={"MCPSTORE_TEST": str(settings.DATA_DIR)},
    )
    until(lambda: doubles() == [child.pid], 5)
    child.kill()
    child.communicate()
    assert doubles() == []
