"""The cache of what a service offers: its history, and tools that wait for approval."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import approving, contracts, history, tool_changes
from registry.contracts import Offered, Prepared
from registry.errors import ContractError, ToolUnknownError
from registry.models import AuditEntry, ContentItem, ContractChange, Service, Tool, WaitingTool
from tests.registry.conftest import NOW
from tests.support.offering import item, offer, tool
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db


def make_service() -> Service:
    return Service.objects.create(name="weather", transport="streamable-http", created_at=NOW, updated_at=NOW)


@pytest.fixture
def service() -> Service:
    return make_service()


def told(service: Service) -> list[tuple[str, str, str]]:
    rows = ContractChange.objects.filter(service=service).order_by("id")
    return [(row.action, row.name, row.grade) for row in rows]


def names(service: Service) -> list[str]:
    return list(Tool.objects.filter(service=service).values_list("name", flat=True))


def waiting(service: Service) -> dict[str, str]:
    return dict(WaitingTool.objects.filter(service=service).values_list("name", "action"))


def digest(name: str) -> str:
    return WaitingTool.objects.get(name=name).digest


def all_hash(service: Service) -> str:
    return contracts.list_hash(WaitingTool.objects.filter(service=service).values_list("name", "digest"))


def test_the_first_listing_is_one_line(service: Service) -> None:
    taken = offer(service, tool("a"), tool("b"), resource=[item("r", uri="file:///r")])
    assert taken.changes == []
    assert told(service) == [("first-seen", "", "")]
    (row,) = ContractChange.objects.all()
    assert row.lines[0]["text"] == "offers 2 tools, 1 resource"
    assert names(service) == ["a", "b"]


def test_each_change_is_a_row_with_both_definitions(service: Service) -> None:
    offer(service, tool("a"), tool("b"), tool("c", description="old"), tool("same"))
    taken = offer(service, tool("a", "b"), tool("same"), tool("d"), tool("c", description="new"))
    assert told(service)[1:] == [
        ("changed", "a", "breaking"),
        ("removed", "b", "breaking"),
        ("added", "d", "compatible"),
        ("changed", "c", "text"),
    ]
    assert {change.name for change in taken.changes} == set("abcd")
    row = ContractChange.objects.get(name="a")
    assert row.lines == [{"grade": "breaking", "text": "b: was optional, is now required"}]
    assert row.old
    assert row.new
    assert (row.old["input_schema"]["required"], row.new["input_schema"]["required"]) == ([], ["b"])
    assert sorted(names(service)) == ["a", "c", "d", "same"]
    assert Tool.objects.get(name="a").input_schema["required"] == ["b"]


def test_nothing_new_writes_nothing_whatever_the_order(service: Service) -> None:
    offer(service, tool("a"), tool("b"), prompt=[item("p"), item("q")])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        offer(service, tool("b"), tool("a"), prompt=[item("q"), item("p")])
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


def test_one_changed_tool_among_many_touches_its_row_alone(service: Service) -> None:
    many = [tool(f"t{n}") for n in range(1000)]
    offer(service, *many)
    ids = dict(Tool.objects.values_list("name", "pk"))
    with CaptureQueriesContext(connection) as queries:
        offer(service, *many[:500], tool("t500", "a"), *many[501:])
    assert len(queries) < 15
    assert dict(Tool.objects.values_list("name", "pk")) == ids
    assert Tool.objects.get(name="t500").input_schema["required"] == ["a"]


def test_rows_from_before_the_digests_bring_no_false_change(service: Service) -> None:
    offer(service, tool("a"), tool("b"))
    Tool.objects.update(digest="")
    offer(service, tool("a"), tool("b", description="new"))
    assert told(service)[1:] == [("changed", "b", "text")]
    assert "" not in Tool.objects.values_list("digest", flat=True)


def test_a_tool_listed_twice_keeps_both_rows_and_makes_no_noise(service: Service) -> None:
    twice = tool("a", problem="another tool has the same name")
    offer(service, tool("a"), twice, tool("b"))
    offer(service, tool("a"), twice, tool("b"), tool("c"))
    assert told(service)[1:] == [("added", "c", "compatible")]
    assert names(service) == ["a", "a", "b", "c"]


def test_items_come_and_go_and_prompts_change(service: Service) -> None:
    here = {"template": [item("t", uriTemplate="x:{a}")], "prompt": [item("p", arguments=[])]}
    offer(service, resource=[item("r", uri="a:1", size=1), item("r", uri="a:2")], **here)
    here["prompt"] = [item("p", arguments=[{"name": "city", "required": True}])]
    offer(service, resource=[item("r", uri="a:1", size=2), item("r", uri="a:3")], **here)
    assert sorted(told(service)[1:]) == [
        ("added", "a:3", "compatible"),
        ("changed", "p", "breaking"),
        ("removed", "a:2", "breaking"),
    ]
    assert ContentItem.objects.get(data__uri="a:1").data["size"] == 2


def test_a_list_that_could_not_be_read_stays(service: Service) -> None:
    offer(service, tool("a"), prompt=[item("p")])
    offer(service, tool("a"), tool("b"))
    assert told(service)[1:] == [("added", "b", "compatible")]
    assert ContentItem.objects.filter(kind="prompt").count() == 1


def test_a_thousand_changes_are_two_hundred_rows_and_a_sum(service: Service) -> None:
    offer(service, *(tool(f"t{n}") for n in range(1000)))
    offer(service, tool("t0", "a"), *(tool(f"u{n}") for n in range(1000)))
    rows = ContractChange.objects.order_by("id")
    assert rows.count() == 1 + history.TOOLS_AT_ONCE + 1
    last = rows.last()
    assert last is not None
    assert last.lines[0]["text"] == "and 1,800 more: 1,000 added, 800 removed"


def test_the_history_is_bounded_and_items_push_out_no_tools(service: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(history, "KEPT", 5)
    monkeypatch.setattr(history, "ITEMS_KEPT", 3)
    offer(service, tool("a"))
    for n in range(8):
        offer(service, tool("a", description=str(n)), resource=[item("r", uri=f"a:{n}")])
    kept = list(ContractChange.objects.values_list("kind", flat=True))
    assert (kept.count("tool"), kept.count("resource")) == (5, 3)


def test_only_what_was_listed_can_be_pinned(service: Service) -> None:
    with pytest.raises(ContractError, match="never listed"):
        approving.pin("weather", by="ann", now=NOW)


def pin(service: Service) -> Service:
    offer(service, tool("a"), tool("b"))
    approving.pin("weather", by="ann", now=NOW)
    return service


@pytest.fixture
def pinned(service: Service) -> Service:
    return pin(service)


def test_while_pinned_changes_wait_and_the_list_stays(pinned: Service) -> None:
    taken = offer(pinned, tool("a", "b"), tool("c"))
    assert taken.pinned
    assert names(pinned) == ["a", "b"]
    assert Tool.objects.get(name="a").input_schema["required"] == []
    assert waiting(pinned) == {"a": "changed", "c": "added", "b": "removed"}
    assert [row.waits for row in ContractChange.objects.filter(kind="tool")] == [True] * 3
    assert "waits for approval: it changed" in approving.why_waiting(pinned, "a")
    assert "it is new" in approving.why_waiting(pinned, "c")
    assert approving.why_waiting(pinned, "b") == ""


def test_what_waits_is_told_once_and_ends_by_itself(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    before = told(pinned)
    offer(pinned, tool("a", "b"), tool("b"))
    assert told(pinned) == before
    offer(pinned, tool("a"), tool("b"))
    assert waiting(pinned) == {}
    assert told(pinned)[len(before) :] == [("changed", "a", "compatible")]


def test_a_second_change_is_told_against_the_first_and_waits_against_the_approved(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    offer(pinned, tool("a", "b", description="x"), tool("b"))
    assert told(pinned)[-1] == ("changed", "a", "text")
    (row,) = WaitingTool.objects.all()
    assert row.grade == "breaking"
    assert {line["text"] for line in row.lines} == {
        "b: was optional, is now required",
        "its description changed",
    }


def test_a_waiting_new_tool_that_goes_away_waits_no_more(pinned: Service) -> None:
    offer(pinned, tool("a"), tool("b"), tool("c"))
    offer(pinned, tool("a"), tool("b"))
    assert waiting(pinned) == {}


def test_approving_one_takes_that_one(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("c"))
    approving.approve("weather", "a", seen=digest("a"), by="ann", now=NOW)
    assert waiting(pinned) == {"c": "added", "b": "removed"}
    assert Tool.objects.get(name="a").input_schema["required"] == ["b"]
    assert approving.why_waiting(pinned, "a") == ""
    offer(pinned, tool("a", "b"), tool("c"), tool("d"))
    assert waiting(pinned) == {"c": "added", "b": "removed", "d": "added"}


def test_approving_all_brings_the_list_to_what_is_offered(pinned: Service) -> None:
    ids = dict(Tool.objects.values_list("name", "pk"))
    offer(pinned, tool("a", "b"), tool("c"))
    names_taken = approving.approve_all("weather", seen=all_hash(pinned), by="ann", now=NOW)
    assert names_taken == ["a", "c", "b"]
    assert (names(pinned), waiting(pinned)) == (["a", "c"], {})
    assert Tool.objects.get(name="a").pk == ids["a"]
    before = ContractChange.objects.count()
    assert offer(pinned, tool("a", "b"), tool("c")).changes == []
    assert ContractChange.objects.count() == before
    acts = list(AuditEntry.objects.order_by("id").values_list("actor", "action", "target"))
    assert acts == [("ann", "contract pinned", "weather"), ("ann", "contract approved", "weather")]
    assert told(pinned)[-1][0] == "approved"


def test_very_many_are_approved_and_unpinned_in_portions(pinned: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(approving, "AT_ONCE", 2)
    offer(pinned, *(tool(f"t{n}") for n in range(5)), tool("a", "b"), tool("b"))
    asked, commits = all_hash(pinned), list[int]()

    def tell(service: Service) -> None:
        commits.append(WaitingTool.objects.filter(service=service).count())
        if len(commits) == 2:
            WaitingTool.objects.filter(name="t4").update(digest="changed again")

    with pytest.raises(ContractError, match="1 tools of weather changed again meanwhile; 5 are approved"):
        approving.approve_all("weather", seen=asked, by="ann", now=NOW, tell=tell)
    assert (commits, waiting(pinned)) == ([4, 2, 1], {"t4": "added"})
    assert [action for action, _name, _grade in told(pinned)[-3:]] == ["approved"] * 3
    offer(pinned, *(tool(f"t{n}", "b") for n in range(5)), tool("a", "b"), tool("b"))
    approving.unpin("weather", by="ann", now=NOW, tell=tell)
    assert waiting(pinned) == {}
    assert Tool.objects.get(name="t4").input_schema["required"] == ["b"]
    assert [action for action, _name, _grade in told(pinned)[-3:]] == ["approved", "approved", "unpinned"]


def test_what_moved_since_it_was_looked_at_is_not_approved(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    (seen,) = WaitingTool.objects.values_list("digest", flat=True)
    offer(pinned, tool("a", "a", "b"), tool("b"))
    with pytest.raises(ContractError, match="changed again since you looked"):
        approving.approve("weather", "a", seen=seen, by="ann", now=NOW)
    assert waiting(pinned) == {"a": "changed"}
    with pytest.raises(ContractError, match="does not wait"):
        approving.approve("weather", "b", seen="", by="ann", now=NOW)


def test_all_are_approved_only_as_they_were_seen(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    seen = all_hash(pinned)
    offer(pinned, tool("a", "b"), tool("b"), tool("new"))
    with pytest.raises(ContractError, match="changed again since you looked"):
        approving.approve_all("weather", seen=seen, by="ann", now=NOW)
    assert waiting(pinned) == {"a": "changed", "new": "added"}


def test_a_refused_change_stays_refused_until_the_server_changes_it_again(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    approving.refuse("weather", "a", seen=digest("a"), by="ann", now=NOW)
    assert "ann looked at it and refused it" in approving.why_waiting(pinned, "a")
    assert told(pinned)[-1][0] == "refused"
    offer(pinned, tool("a", "b"), tool("b"), tool("c"))
    assert list(WaitingTool.objects.exclude(refused_at=None).values_list("name", flat=True)) == ["a"]
    offer(pinned, tool("a", "a", "b"), tool("b"), tool("c"))
    assert not WaitingTool.objects.exclude(refused_at=None).exists()
    approving.refuse("weather", "a", seen=digest("a"), by="ann", now=NOW)
    approving.approve("weather", "a", seen=digest("a"), by="bob", now=NOW)
    assert waiting(pinned) == {"c": "added"}


def test_a_tool_that_is_gone_is_approved_by_its_empty_digest(pinned: Service) -> None:
    offer(pinned, tool("a"))
    with pytest.raises(ContractError, match="changed again"):
        approving.approve("weather", "b", seen="abc", by="ann", now=NOW)
    approving.approve("weather", "b", seen="", by="ann", now=NOW)
    assert (names(pinned), waiting(pinned)) == (["a"], {})
    with pytest.raises(ToolUnknownError, match="no tool"):
        approving.approve("weather", "zzz", seen="", by="ann", now=NOW)


def test_unpinning_takes_all_that_waits(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("c"))
    approving.unpin("weather", by="ann", now=NOW + timedelta(hours=1))
    assert (names(pinned), waiting(pinned)) == (["a", "c"], {})
    offer(pinned, tool("a"))
    assert names(pinned) == ["a"]


def test_of_many_changes_at_once_the_last_are_not_looked_into(service: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(tool_changes, "COMPARED_AT_ONCE", 3)
    offer(service, *(tool(f"t{n}") for n in range(6)))
    taken = offer(service, *(tool(f"t{n}", "a") for n in range(6)))
    lines = [change.lines[0].text for change in taken.changes]
    assert lines.count("a: was optional, is now required") == 3
    assert lines.count("changed with so many others that it was not compared") == 3
    assert {row.input_schema["required"][0] for row in Tool.objects.all()} == {"a"}


def prepared(service: Service, *tools: dict[str, Any]) -> tuple[Offered, Prepared]:
    offered = Offered(tools=tools, items={})
    ready = contracts.prepare(service.pk, offered, NOW)
    assert ready is not None
    return offered, ready


def test_what_was_prepared_is_only_written_in_the_transaction(service: Service) -> None:
    assert contracts.prepare(service.pk, Offered(tools=[tool("a")], items={}), NOW) is None
    offer(service, tool("a"), tool("b"))
    offered, ready = prepared(service, tool("a", "b"), tool("c"))
    assert names(service) == ["a", "b"]
    with CaptureQueriesContext(connection) as queries:
        taken = contracts.take(service.pk, offered, NOW, ready)
    read = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert not [sql for sql in read if '"registry_tool"' in sql]
    assert [change.name for change in taken.changes] == ["a", "c", "b"]
    assert told(service)[1:] == [
        ("changed", "a", "breaking"),
        ("removed", "b", "breaking"),
        ("added", "c", "compatible"),
    ]
    assert names(service) == ["a", "c"]


def test_what_was_prepared_is_made_anew_when_somebody_decided_meanwhile(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    offered, ready = prepared(pinned, tool("a", "b", description="x"), tool("b"))
    approving.approve("weather", "a", seen=digest("a"), by="ann", now=NOW)
    taken = contracts.take(pinned.pk, offered, NOW, ready)
    assert [change.grade for change in taken.changes] == ["text"]
    assert WaitingTool.objects.get().grade == "text"
    offered, ready = prepared(pinned, tool("a"), tool("b"))
    approving.unpin("weather", by="ann", now=NOW)
    contracts.take(pinned.pk, offered, NOW, ready)
    assert (waiting(pinned), Tool.objects.get(name="a").description) == ({}, "")


def test_the_cache_holds_on_postgresql_too(postgres_url: str) -> None:
    """Its rows are written without Django's help."""
    tests = (
        "test_each_change_is_a_row_with_both_definitions",
        "test_items_come_and_go_and_prompts_change",
        "test_approving_all_brings_the_list_to_what_is_offered",
    )
    program = (
        "import django; django.setup()\n"
        "from django.core.management import call_command; call_command('migrate', verbosity=0)\n"
        "from django.db import transaction\n"
        "from registry.models import AuditEntry, Service\n"
        "from tests.registry import test_contracts as t\n"
        f"for test in {tests}:\n"
        "    Service.objects.all().delete(); AuditEntry.objects.all().delete()\n"
        "    with transaction.atomic():\n"
        "        service = t.make_service()\n"
        "        getattr(t, test)(t.pin(service) if 'approving' in test else service)\n"
    )
    environment = {
        **os.environ, "DATABASE_URL": postgres_url, "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
