"""A state set by hand, as a running worker carries it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle.core.policy.policy import NORMAL
from lifecycle.models import StateChange
from tests.support.bench import HASTY, Bench

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    patient = replace(HASTY, connect_timeout=NORMAL.connect_timeout, base_delay=timedelta(seconds=60))
    bench = Bench(tmp_path, patient)
    bench.start()
    yield bench
    bench.close()


def test_each_move_is_made_and_told_and_reality_corrects_it(bench: Bench) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY", limit=30)

    def put(state: str) -> str:
        command = bench.ask("set-state", "web", limit=30, arguments={"state": state})
        return command.error or command.state

    assert put("RECONNECTING") == "done"
    bench.until_state("web", "HEALTHY", limit=30)
    change = StateChange.objects.filter(after="RECONNECTING").latest("id")
    assert (change.event, change.reason) == ("lost", "set to RECONNECTING by ann")
    assert put("WARNING") == "done"
    bench.until_state("web", "HEALTHY", limit=30)
    assert StateChange.objects.filter(event="recovered").exists()
    bench.call(server.stop())
    bench.until_state("web", "RECONNECTING", limit=30)
    assert put("UNREACHABLE") == "done"
    assert put("DISCONNECTED") == "done"
    row = bench.row("web")
    assert (row.state, row.not_serving_since, row.service.desired) == ("DISCONNECTED", None, "stopped")
    bench.call(server.start())
    assert put("INITIALIZING") == "done"
    bench.until_state("web", "HEALTHY", limit=30)
    assert put("DISCONNECTING") == "done"
    assert bench.row("web").state == "DISCONNECTED"
