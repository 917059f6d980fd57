"""What a worker uses does not grow with its checks and attempts: of half an hour, or GUARANTEES_MINUTES."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.models import CheckResult, ServiceState
from lifecycle.policies import operations as policy_operations
from registry.models import Role
from registry.services import register
from tests.guarantees import figures
from tests.support.console import eventually
from tests.support.mcp_servers import LightServer, MenagerieServer
from tests.support.worker_program import WorkerProgram

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(2300)]
GOOD = 180
EVERY = 2.0
BAD = ("reset", "hang", "401", "500", "html", "garbage", "cut", "flapping", "forgets", "wrong-id")
LASTS = 60.0 * float(os.environ.get("GUARANTEES_MINUTES", "30"))
SETTLING = LASTS / 2
LOOKS = 6
PAGES_KEPT = 16.0
"""MB that each connection to SQLite may keep of the database, which grows with what is stored."""
MOST = 2.0
HASTY = {
    "health_check_interval": EVERY,
    "failure_recheck_interval": 1,
    "ping_timeout": 3,
    "slow_threshold": 3,
    "connect_timeout": 2,
    "quick_max_delay": 1,
    "base_delay": 1,
    "max_delay": 1,
}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProgram]:
    now = timezone.now()
    policy_operations.change_profile("normal", HASTY, by="ann", role=Role.ADMIN, now=now)
    with WorkerProgram(tmp_path / "worker.log") as worker:
        yield worker


@pytest.fixture
def entries() -> Iterator[dict[str, dict[str, str]]]:
    """Good services of both eras, and bad ones that are tried again and again."""
    with ExitStack() as stack:
        good = [stack.enter_context(LightServer(era=era)) for era in ("legacy", "modern")]
        bad = f"http://127.0.0.1:{stack.enter_context(MenagerieServer()).port}"
        yield {f"good-{n}": {"url": f"{good[n % 2].url}?{n}"} for n in range(GOOD)} | {
            f"{mode}-{era}": {"url": f"{bad}/{mode}/{era}/mcp"}
            for mode in BAD
            for era in ("legacy", "modern")
        }


def stored() -> float:
    """The size of the database, in MB."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return float(cursor.fetchone()[0]) / 2**20


def test_memory_stays_flat_however_many_checks_are_made(
    worker: WorkerProgram, entries: dict[str, dict[str, str]]
) -> None:
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    good = ServiceState.objects.filter(service__name__startswith="good-", state="HEALTHY")
    eventually(lambda: good.count() == GOOD, "the good ones are healthy", 60)
    began, curve = time.monotonic(), list[float]()
    time.sleep(SETTLING)
    first, checks = stored(), CheckResult.objects.count()
    for number in range(LOOKS):
        time.sleep(max(began + SETTLING + number * (LASTS - SETTLING) / (LOOKS - 1) - time.monotonic(), 0))
        curve.append(worker.memory("VmRSS"))
    checks = CheckResult.objects.count() - checks
    kept = min(stored() - first, PAGES_KEPT)
    for number, memory in enumerate(curve):
        minutes = (SETTLING + number * (LASTS - SETTLING) / (LOOKS - 1)) / 60
        figures.note(
            7, f"memory of a worker, 20 of {GOOD + 20} services bad, after {minutes:g} min", memory, "MB"
        )
    figures.note(7, "checks and attempts between the first and the last of these", checks)
    figures.note(7, "by which the database grew meanwhile, up to what SQLite keeps of it", kept, "MB")
    assert checks > (LASTS - SETTLING) / EVERY * GOOD / 2
    assert curve[-1] - curve[0] - kept < MOST, curve
