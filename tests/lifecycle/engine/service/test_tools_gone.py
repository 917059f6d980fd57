"""All tools of a service gone at once: that is doubted, shown, and believed only when it is said again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle.models import StateChange
from registry.models import ContractChange, Tool
from tests.support.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def removed() -> int:
    return ContractChange.objects.filter(kind="tool", action="removed").count()


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_gateway_whose_backend_is_down_keeps_its_tools_and_is_a_warning(bench: Bench, era: str) -> None:
    server = bench.server(era=era)
    bench.add("gateway", {"url": server.url})
    bench.until_state("gateway", "HEALTHY", 30)
    server.mode = "no-tools"
    bench.ask("refresh-tools", "gateway")
    bench.until_state("gateway", "WARNING")
    row = bench.row("gateway")
    assert "may be a gateway whose backend is down" in row.error_message
    assert (row.error_kind, row.error_cause, row.tools_count) == ("function", "tools-gone", 1)
    assert (Tool.objects.count(), removed()) == (1, 0)
    bench.ask("check", "gateway")
    assert bench.row("gateway").state == "WARNING"  # an answer alone does not end the doubt

    server.mode = "ok"  # the backend is back
    bench.ask("refresh-tools", "gateway")
    bench.until_state("gateway", "HEALTHY")
    assert (bench.row("gateway").error_message, removed()) == ("", 0)
    assert list(StateChange.objects.order_by("id").values_list("event", flat=True))[-2:] == [
        "doubted",
        "recovered",
    ]


def test_tools_that_are_gone_in_two_readings_that_were_asked_for_are_gone(bench: Bench) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY", 30)
    server.mode = "no-tools"
    for _ in range(2):
        bench.ask("refresh-tools", "web")
    assert (Tool.objects.count(), removed(), bench.row("web").tools_count) == (0, 1, 0)
    bench.until_state("web", "HEALTHY")


def test_a_gateway_that_comes_back_without_its_backend_is_doubted_as_well(bench: Bench) -> None:
    server = bench.server()
    bench.add("gateway", {"url": server.url})
    bench.until_state("gateway", "HEALTHY", 30)
    server.mode = "no-tools"
    bench.ask("restart", "gateway")
    bench.until_state("gateway", "WARNING")
    assert (Tool.objects.count(), removed(), bench.row("gateway").tools_count) == (1, 0, 1)


def test_a_gateway_that_answers_with_an_error_in_place_of_its_tools_is_a_warning(bench: Bench) -> None:
    server = bench.server()
    bench.add("gateway", {"url": server.url})
    bench.until_state("gateway", "HEALTHY", 30)
    server.mode, server.error = "error", {"code": 0, "message": "Client failed to connect"}
    bench.ask("refresh-tools", "gateway")
    bench.until_state("gateway", "WARNING")
    row = bench.row("gateway")
    assert "can no longer be listed: answered with error 0: Client failed to connect" in row.error_message
    assert (row.error_cause, row.tools_count, Tool.objects.count(), removed()) == ("tools-gone", 1, 1, 0)

    server.mode = "no-tools"  # an empty list after that is doubted like any other
    bench.ask("refresh-tools", "gateway")
    assert (Tool.objects.count(), removed()) == (1, 0)
    server.mode = "ok"
    bench.ask("refresh-tools", "gateway")
    bench.until_state("gateway", "HEALTHY")
    assert bench.row("gateway").error_message == ""
