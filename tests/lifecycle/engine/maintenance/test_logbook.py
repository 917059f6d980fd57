"""A worker keeps what its stdio services write, and samples what they use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from lifecycle.engine.maintenance import logbook
from lifecycle.engine.session.child.lines import RING_SIZE
from lifecycle.logs import presenter as log_presenter
from lifecycle.models import ChildProcess, FeedItem, LogPiece
from lifecycle.operations import commands as operation_commands
from registry.core.entries.filling import MASK
from registry.models import Service
from registry.services import register
from tests.support.bench import Bench, stdio

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def logged(name: str) -> str:
    return log_presenter.as_text(register.get(name))


def test_what_a_process_writes_is_kept_without_its_secrets(bench: Bench) -> None:
    bench.add("child", stdio("tell") | {"env": {"API_KEY": KEY}})
    bench.until_state("child", "HEALTHY")
    bench.until(lambda: "ready\n" in logged("child"))
    pid = ChildProcess.objects.get().pid
    text = logged("child")
    assert f"process {pid} started" in text
    assert f"listening with {MASK}\n" in text
    assert KEY[5:] not in text
    service = register.get("child").pk
    assert FeedItem.objects.filter(kind="log", ref=service).exists()


def test_a_process_that_ends_at_once_says_why(bench: Bench) -> None:
    bench.add("child", stdio("exit"))
    bench.until(lambda: "exited with code 3" in logged("child"))
    assert "no key was given: set API_KEY" in logged("child")
    process = ChildProcess.objects.get()
    assert process.ending == "the process exited with code 3" or process.ended_at is None


def test_a_flood_is_bounded_and_said_to_be(bench: Bench) -> None:
    bench.add("child", stdio("flood"))
    bench.until_state("child", "HEALTHY")
    call = {"tool": "echo", "arguments": {"message": "stderr"}}
    operation_commands.request("call-tool", "child", by="ann", now=timezone.now(), arguments=call)
    bench.until(lambda: "came too fast and were left out" in logged("child"))
    first = LogPiece.objects.latest("id").pk
    bench.until(lambda: LogPiece.objects.filter(pk__gt=first, text__startswith="junk").exists())
    kept = sum(LogPiece.objects.values_list("size", flat=True))
    assert kept <= RING_SIZE + 64 * 1024


def test_a_tree_is_sampled_with_the_grandchildren(bench: Bench) -> None:
    bench.add("child", stdio("orphan"))
    bench.until_state("child", "HEALTHY")
    bench.until(lambda: ChildProcess.objects.exists())
    worker = bench.worker
    assert worker is not None
    bench.call(worker.maintenance.sample())
    process = ChildProcess.objects.get()
    assert (process.processes, process.cpu_percent) == (2, None)
    assert process.memory_bytes is not None
    assert process.memory_bytes > 1_000_000
    bench.call(worker.maintenance.sample())
    process.refresh_from_db()
    assert process.cpu_percent is not None
    assert 0 <= process.cpu_percent < 400


def test_old_pieces_go_as_new_ones_come(db: None) -> None:
    service = Service.objects.create(
        name="child", transport="stdio", endpoint="", created_at=timezone.now(), updated_at=timezone.now()
    )
    for number in range(5):
        entry = logbook.Entry(service_id=service.pk, kind="output", text=f"{number} " + "x" * 20_000 + "\n")
        logbook.write(logbook.Batch(entries=[entry]), timezone.now())
    assert [piece.text[0] for piece in LogPiece.objects.order_by("id")] == ["2", "3", "4"]
