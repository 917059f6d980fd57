"""How soon an end shows: of a child process within a second, of an HTTP server within 45."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from lifecycle.models import ServiceState, StateChange
from lifecycle.policies import operations as policy_operations
from registry.models import Role
from registry.services import register
from tests.guarantees import figures
from tests.guarantees.figures import LONG
from tests.support.console import eventually, processes_marked
from tests.support.mcp_servers import LightServer, light_entry
from tests.support.worker_program import WorkerProgram

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
CHILDREN = 10 if LONG else 4
SERVED = 20
HASTE = 3
MOST = 45 if LONG else HASTE + 15


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProgram]:
    with WorkerProgram(tmp_path / "worker.log") as worker:
        yield worker


def hold(entries: dict[str, dict[str, object]]) -> None:
    """Register them under the policy that everyone has, and wait until they are healthy."""
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    healthy = ServiceState.objects.filter(state="HEALTHY")
    eventually(lambda: healthy.count() == len(entries), "all are healthy", 60)


def slowest(since: datetime, count: int, seconds: float) -> float:
    """When the last of *count* services was known to be down, in seconds after *since*."""
    down = StateChange.objects.filter(after="RECONNECTING", at__gte=since).order_by("at")
    eventually(lambda: down.count() >= count, "all are known to be down", seconds)
    last = down[count - 1]
    return (last.at - since).total_seconds()


def test_the_exit_of_each_child_shows_within_a_second(worker: WorkerProgram) -> None:
    marks = [uuid4().hex for _ in range(CHILDREN)]
    hold({f"child-{number}": light_entry(mark) for number, mark in enumerate(marks)})
    took = []
    for mark in marks:
        (child,) = processes_marked(mark)
        killed = timezone.now()
        os.kill(child.pid, signal.SIGKILL)
        took.append(slowest(killed, 1, 10))
    figures.note(8, "the exit of a stdio server shows after (slowest)", max(took), "s")
    assert max(took) < 1


def test_the_end_of_an_http_server_shows_within_45_seconds(worker: WorkerProgram) -> None:
    if not LONG:
        policy_operations.change_profile(
            "normal", {"health_check_interval": HASTE}, by="ann", role=Role.ADMIN, now=timezone.now()
        )
    with LightServer(era="legacy") as server:
        hold({f"web-{number}": {"url": f"{server.url}?{number}"} for number in range(SERVED)})
        killed = timezone.now()
        server.kill()
        took = slowest(killed, SERVED, 60)
    figures.note(8, "the end of an HTTP server shows after (slowest of 20 services)", took, "s")
    assert took < MOST
