"""All kinds of bad servers at once, and good ones among them that do not notice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from django.db.models import QuerySet
from django.utils import timezone

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.models import CheckResult, ServiceState, StateChange
from lifecycle.policies import operations as policy_operations
from registry.models import Role
from registry.services import register
from tests.guarantees import figures
from tests.guarantees.figures import LONG
from tests.guarantees.zoo import SHORT, Animal, all_animals
from tests.support.console import eventually, processes_marked
from tests.support.mcp_servers import LightServer, MenagerieServer, light_entry
from tests.support.ports import free_port
from tests.support.worker_program import WorkerProgram

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
GOOD = 20 if LONG else 6
MOST_LATE = 1.0
STEADY = 3.0
MOST_MEMORY = 50
HUNGRY = ("endless", "big", "huge", "cursor", "flood")
WATCHED = {"health_check_interval": 1}
HASTY = {
    "health_check_interval": 1,
    "failure_recheck_interval": 1,
    "ping_timeout": 3,
    "slow_threshold": 3,
    "connect_timeout": 7,
    "spawn_timeout": 4,
    "warning_failure_threshold": 2,
    "reconnecting_failure_threshold": 3,
    "max_reconnect_attempts": 3,
    "base_delay": 5,
    "max_delay": 5,
}


class Starved:
    """How late this machine wakes a process that does nothing: no promise holds against that."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            self._over.wait(0.05)
            self.worst = max(self.worst, time.monotonic() - began - 0.05)

    def __enter__(self) -> Starved:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def mark() -> str:
    return uuid4().hex


@pytest.fixture
def menagerie() -> Iterator[MenagerieServer]:
    with MenagerieServer() as server:
        yield server


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProgram]:
    now = timezone.now()
    for profile, changes in (("background", HASTY), ("critical", WATCHED)):
        policy_operations.change_profile(profile, changes, by="ann", role=Role.ADMIN, now=now)
    with WorkerProgram(tmp_path / "worker.log") as worker:
        yield worker


@pytest.fixture
def good(worker: WorkerProgram, mark: str) -> Iterator[list[str]]:
    """Services that work, held by the worker."""
    with ExitStack() as stack:
        servers = [stack.enter_context(LightServer(era=era)) for era in ("legacy", "modern")]
        urls = {f"good-{n}": {"url": f"{servers[n % 2].url}?{n}"} for n in range(GOOD)}
        entries = {**urls, "good-child": light_entry(mark)}
        add({name: {**entry, "profile": "critical"} for name, entry in entries.items()})
        eventually(lambda: in_state("HEALTHY").count() == len(entries), "the good ones are healthy", 30)
        yield list(entries)


def add(entries: dict[str, dict[str, object]]) -> None:
    results = register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    assert [str(result.error) for result in results if result.error] == []


def in_state(state: str) -> QuerySet[ServiceState]:
    return ServiceState.objects.filter(state=state)


def wrong(animals: list[Animal]) -> list[str]:
    """Which of them are not where they belong."""
    rows = {
        name: (state, kind)
        for name, state, kind in ServiceState.objects.values_list("service__name", "state", "error_kind")
    }
    return [
        f"{animal.name}: {rows.get(animal.name)}, should be {animal.fate}"
        for animal in animals
        if animal.name not in rows or not animal.fate.met(*rows[animal.name])
    ]


def failed_checks(names: list[str]) -> int:
    bad = LEVELS.index(Level.UNHEALTHY)
    return CheckResult.objects.filter(service__name__in=names, level=bad).count()


def test_each_bad_server_shows_for_what_it_is_and_no_good_one_suffers(
    worker: WorkerProgram, good: list[str], menagerie: MenagerieServer, mark: str
) -> None:
    animals = list(all_animals(menagerie.port, free_port(), mark))
    animals = [animal for animal in animals if LONG or animal.name in SHORT]
    before = worker.memory("VmRSS")
    worker.reset_peak()
    with Starved() as starved:
        add({animal.name: {**animal.entry, "profile": "background"} for animal in animals})
        held = [animal for animal in animals if animal.name.endswith(".held")]
        up = ServiceState.objects.filter(service__name__endswith=".held", state="HEALTHY")
        eventually(lambda: up.count() == len(held), "those that are to fail later are healthy", 60)
        httpx2.get(f"http://127.0.0.1:{menagerie.port}/mode/turned", trust_env=False)
        settle(animals, 120 if LONG else 60)
        late = worker.seen.late_ms / 1000
    hungry = [animal for animal in animals if any(word in animal.name for word in HUNGRY)]
    each = max(worker.memory() - before, 0) / len(hungry)
    figures.note(7, "bad services at once", len(animals))
    figures.note(7, "good services beside them: failed checks", failed_checks(good))
    figures.note(7, "good services beside them: checks begun late (p99)", late, "s")
    figures.note(7, "memory for each bad service, those that send without end", each, "MB")
    assert failed_checks(good) == 0
    assert StateChange.objects.filter(service__name__in=good).count() == 2 * len(good)
    assert late < MOST_LATE + starved.worst
    assert each < MOST_MEMORY
    assert worker.stop() == 0
    assert processes_marked(mark) == []


def settle(animals: list[Animal], seconds: float) -> None:
    """Each comes to its end, and a few checks later all of them are still there."""
    for pause in (0.0, STEADY):
        time.sleep(pause)
        end = time.monotonic() + seconds
        while (astray := wrong(animals)) and time.monotonic() < end:
            time.sleep(0.2)
        assert astray == []
