"""While a contract is pinned, changes wait until somebody approves or refuses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from registry.contracts import approve as contract_approve
from registry.contracts import record as contract_record
from registry.errors import ContractError, ToolUnknownError
from registry.models import AuditEntry, ContractChange, Service, Tool, WaitingTool
from tests.support.contracts import digest, names, told, waiting
from tests.support.offering import offer, tool
from tests.support.registering import NOW

pytestmark = pytest.mark.django_db


def all_hash(service: Service) -> str:
    return contract_record.list_hash(
        WaitingTool.objects.filter(service=service).values_list("name", "digest")
    )


def test_only_what_was_listed_can_be_pinned(service: Service) -> None:
    with pytest.raises(ContractError, match="never listed"):
        contract_approve.pin("weather", by="ann", now=NOW)


def test_while_pinned_changes_wait_and_the_list_stays(pinned: Service) -> None:
    taken = offer(pinned, tool("a", "b"), tool("c"))
    assert taken.pinned
    assert names(pinned) == ["a", "b"]
    assert Tool.objects.get(name="a").input_schema["required"] == []
    assert waiting(pinned) == {"a": "changed", "c": "added", "b": "removed"}
    assert [row.waits for row in ContractChange.objects.filter(kind="tool")] == [True] * 3
    assert "waits for approval: it changed" in contract_approve.why_waiting(pinned, "a")
    assert "it is new" in contract_approve.why_waiting(pinned, "c")
    assert contract_approve.why_waiting(pinned, "b") == ""


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
    contract_approve.approve("weather", "a", seen=digest("a"), by="ann", now=NOW)
    assert waiting(pinned) == {"c": "added", "b": "removed"}
    assert Tool.objects.get(name="a").input_schema["required"] == ["b"]
    assert contract_approve.why_waiting(pinned, "a") == ""
    offer(pinned, tool("a", "b"), tool("c"), tool("d"))
    assert waiting(pinned) == {"c": "added", "b": "removed", "d": "added"}


@pytest.mark.both_databases
def test_approving_all_brings_the_list_to_what_is_offered(pinned: Service) -> None:
    ids = dict(Tool.objects.values_list("name", "pk"))
    offer(pinned, tool("a", "b"), tool("c"))
    names_taken = contract_approve.approve_all("weather", seen=all_hash(pinned), by="ann", now=NOW)
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
    monkeypatch.setattr(contract_approve, "AT_ONCE", 2)
    offer(pinned, *(tool(f"t{n}") for n in range(5)), tool("a", "b"), tool("b"))
    asked, commits = all_hash(pinned), list[int]()

    def tell(service: Service) -> None:
        commits.append(WaitingTool.objects.filter(service=service).count())
        if len(commits) == 2:
            WaitingTool.objects.filter(name="t4").update(digest="changed again")

    with pytest.raises(
        ContractError, match="1 tools of weather changed again in the meantime; 5 are approved"
    ):
        contract_approve.approve_all("weather", seen=asked, by="ann", now=NOW, tell=tell)
    assert (commits, waiting(pinned)) == ([4, 2, 1], {"t4": "added"})
    assert [action for action, _name, _grade in told(pinned)[-3:]] == ["approved"] * 3
    offer(pinned, *(tool(f"t{n}", "b") for n in range(5)), tool("a", "b"), tool("b"))
    contract_approve.unpin("weather", by="ann", now=NOW, tell=tell)
    assert waiting(pinned) == {}
    assert Tool.objects.get(name="t4").input_schema["required"] == ["b"]
    assert [action for action, _name, _grade in told(pinned)[-3:]] == ["approved", "approved", "unpinned"]


def test_what_moved_since_it_was_looked_at_is_not_approved(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    (seen,) = WaitingTool.objects.values_list("digest", flat=True)
    offer(pinned, tool("a", "a", "b"), tool("b"))
    with pytest.raises(ContractError, match="changed"):
        contract_approve.approve("weather", "a", seen=seen, by="ann", now=NOW)
    assert waiting(pinned) == {"a": "changed"}
    with pytest.raises(ContractError, match="does not wait"):
        contract_approve.approve("weather", "b", seen="", by="ann", now=NOW)


def test_all_are_approved_only_as_they_were_seen(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    seen = all_hash(pinned)
    offer(pinned, tool("a", "b"), tool("b"), tool("new"))
    with pytest.raises(ContractError, match="changed"):
        contract_approve.approve_all("weather", seen=seen, by="ann", now=NOW)
    assert waiting(pinned) == {"a": "changed", "new": "added"}


def test_a_refused_change_stays_refused_until_the_server_changes_it_again(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("b"))
    contract_approve.refuse("weather", "a", seen=digest("a"), by="ann", now=NOW)
    assert "ann refused it" in contract_approve.why_waiting(pinned, "a")
    assert told(pinned)[-1][0] == "refused"
    offer(pinned, tool("a", "b"), tool("b"), tool("c"))
    assert list(WaitingTool.objects.exclude(refused_at=None).values_list("name", flat=True)) == ["a"]
    offer(pinned, tool("a", "a", "b"), tool("b"), tool("c"))
    assert not WaitingTool.objects.exclude(refused_at=None).exists()
    contract_approve.refuse("weather", "a", seen=digest("a"), by="ann", now=NOW)
    contract_approve.approve("weather", "a", seen=digest("a"), by="bob", now=NOW)
    assert waiting(pinned) == {"c": "added"}


def test_a_tool_that_is_gone_is_approved_by_its_empty_digest(pinned: Service) -> None:
    offer(pinned, tool("a"))
    with pytest.raises(ContractError, match="changed again"):
        contract_approve.approve("weather", "b", seen="abc", by="ann", now=NOW)
    contract_approve.approve("weather", "b", seen="", by="ann", now=NOW)
    assert (names(pinned), waiting(pinned)) == (["a"], {})
    with pytest.raises(ToolUnknownError, match="no tool"):
        contract_approve.approve("weather", "zzz", seen="", by="ann", now=NOW)


def test_unpinning_takes_all_that_waits(pinned: Service) -> None:
    offer(pinned, tool("a", "b"), tool("c"))
    contract_approve.unpin("weather", by="ann", now=NOW + timedelta(hours=1))
    assert (names(pinned), waiting(pinned)) == (["a", "c"], {})
    offer(pinned, tool("a"))
    assert names(pinned) == ["a"]
