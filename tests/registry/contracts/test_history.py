"""What a service offers is kept with its history, and only what changed is written."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.contracts import approve as contract_approve
from registry.contracts import history, tool_changes
from registry.contracts import record as contract_record
from registry.contracts.record import Offered, Prepared
from registry.models import ContentItem, ContractChange, Service, Tool, WaitingTool
from tests.support.contracts import digest, names, told, waiting
from tests.support.offering import item, offer, tool
from tests.support.registering import NOW

pytestmark = pytest.mark.django_db


def test_the_first_listing_is_one_line(service: Service) -> None:
    taken = offer(service, tool("a"), tool("b"), resource=[item("r", uri="file:///r")])
    assert taken.changes == []
    assert told(service) == [("first-seen", "", "")]
    (row,) = ContractChange.objects.all()
    assert row.lines[0]["text"] == "offers 2 tools, 1 resource"
    assert names(service) == ["a", "b"]


@pytest.mark.both_databases  # rows of the cache are written without Django's help
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


@pytest.mark.both_databases
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
    ready = contract_record.prepare(service.pk, offered, NOW)
    assert ready is not None
    return offered, ready


def test_what_was_prepared_is_only_written_in_the_transaction(service: Service) -> None:
    assert contract_record.prepare(service.pk, Offered(tools=[tool("a")], items={}), NOW) is None
    offer(service, tool("a"), tool("b"))
    offered, ready = prepared(service, tool("a", "b"), tool("c"))
    assert names(service) == ["a", "b"]
    with CaptureQueriesContext(connection) as queries:
        taken = contract_record.take(service.pk, offered, NOW, ready)
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
    contract_approve.approve("weather", "a", seen=digest("a"), by="ann", now=NOW)
    taken = contract_record.take(pinned.pk, offered, NOW, ready)
    assert [change.grade for change in taken.changes] == ["text"]
    assert WaitingTool.objects.get().grade == "text"
    offered, ready = prepared(pinned, tool("a"), tool("b"))
    contract_approve.unpin("weather", by="ann", now=NOW)
    contract_record.take(pinned.pk, offered, NOW, ready)
    assert (waiting(pinned), Tool.objects.get(name="a").description) == ({}, "")
