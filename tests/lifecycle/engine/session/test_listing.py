"""What a server lists, through a real worker: bad entries lose only themselves, and changes are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle.engine.session.lists import pages
from lifecycle.models import AlertRule, Episode
from registry.contracts import approve as contract_approve
from registry.models import ContractChange, Service, Tool, WaitingTool
from tests.support.bench import Bench
from tests.support.offering import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def tools() -> list[tuple[str, str]]:
    return list(Tool.objects.order_by("position").values_list("name", "problem"))


def told() -> list[tuple[str, str]]:
    rows = ContractChange.objects.filter(kind="tool").order_by("id")
    return list(rows.values_list("name", "action"))


def test_a_bad_tool_and_a_second_of_the_same_name_lose_only_themselves(bench: Bench) -> None:
    server = bench.server("bad-tool")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY", 30)
    names = dict(tools())
    assert (names.pop("echo"), names.pop("<b>bold</b>")) == ("", "")
    assert names and all(names.values())
    server.mode = "duplicate-tools"
    bench.ask("refresh-tools", "web")
    assert [name for name, _ in tools()].count("echo") == 2
    assert [problem for name, problem in tools() if name == "echo"] == ["", "another tool has the same name"]
    before = told()
    bench.ask("refresh-tools", "web")
    assert told() == before
    outcome = bench.ask("call-tool", "web", arguments={"tool": "echo", "arguments": {"message": "hi"}})
    assert outcome.state == "done"
    assert bench.row("web").state == "HEALTHY"


def test_a_list_without_an_end_is_cut_and_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_PAGES", 5)
    server = bench.server("endless-cursor")
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY", 30)
    assert len(tools()) == 5


def test_a_changed_list_is_history_alert_and_for_pinned_tools_a_wait(bench: Bench) -> None:
    AlertRule.objects.create(
        name="Tools", condition="tools-changed", scope={"kind": "all"}, cooldown_seconds=0, created_at=NOW
    )
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY", 30)
    assert (told(), Episode.objects.count()) == ([], 0)
    contract_approve.pin("web", by="ann", now=NOW)
    server.mode = "bad-tool"
    bench.ask("refresh-tools", "web")
    assert told() and {action for _, action in told()} == {"added"}
    assert WaitingTool.objects.filter(service=Service.objects.get(), action="added").exists()
    assert [name for name, _ in tools()] == ["echo"]
    episode = Episode.objects.get()
    assert (episode.state, episode.ending) == ("resolved", "told")
    assert episode.summary.endswith("waits for approval")
