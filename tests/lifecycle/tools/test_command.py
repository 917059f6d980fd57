"""manage.py contracts: the history, what waits, and deciding on it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError

from registry.contracts import approve as contract_approve
from registry.models import AuditEntry, Service, Tool, WaitingTool
from tests.support.commands import run
from tests.support.offering import NOW, offer, tool
from tests.support.terminal import Make, rows


@pytest.fixture
def waiting(make: Make) -> Service:
    """A pinned service: `a` changed, `b` went away, `dir/c` is new."""
    service = make()
    offer(service, tool("a"), tool("b"))
    contract_approve.pin("weather", by="ann", now=NOW)
    offer(service, tool("a", "b"), tool("dir/c"))
    return service


def seen(tool: str) -> str:
    return WaitingTool.objects.get(name=tool).digest[:16] or "gone"


def test_the_history_says_what_changed_and_how_much_it_breaks(make: Make) -> None:
    service = make()
    offer(service, tool("a"), tool("c", description="old"))
    offer(service, tool("a", "b"), tool("c", description="new"), tool("d"))
    found = rows("contracts", "history", "weather")
    assert [row[3:7] for row in found] == [
        ["-", "first-seen", "offers", "2"],
        ["breaking", "changed", "tool", "a"],
        ["compatible", "added", "tool", "d"],
        ["text", "changed", "tool", "c"],
    ]
    assert " ".join(found[1][7:]) == "b: was optional, is now required"
    assert [row[3] for row in rows("contracts", "history", "weather", "--class", "text")] == ["text"]
    assert len(rows("contracts", "history", "weather", "--limit", "2")) == 2
    told = json.loads(run("contracts", "history", "weather", "--json")[0])["results"]
    assert [(one["name"], one["kind"]) for one in told[1:]] == [
        ("a", "breaking"),
        ("d", "compatible"),
        ("c", "text"),
    ]


def test_one_change_is_shown_by_the_lines_that_differ(make: Make) -> None:
    service = make()
    offer(service, tool("a"))
    offer(service, tool("a", "b"))
    number = rows("contracts", "history", "weather", "--class", "breaking")[0][0]
    out = run("contracts", "change", "weather", number)[0]
    assert "breaking  changed tool a\nb: was optional, is now required\n" in out
    assert '+     "required": [' in out
    assert json.loads(run("contracts", "change", "weather", number, "--json")[0])["old"]
    with pytest.raises(CommandError, match="no change 99; old ones are forgotten"):
        run("contracts", "change", "weather", "99")


def test_what_waits_is_listed_with_what_a_decision_is_bound_to(waiting: Service) -> None:
    out = run("contracts", "waiting", "weather")[0]
    assert f"{seen('a')}  breaking" in out
    assert "gone              breaking" in out and "removed tool b" in out
    assert "For all of them: --seen" in out
    assert '+       "b"' in run("contracts", "waiting", "weather", "a")[0]
    whole = json.loads(run("contracts", "waiting", "weather", "--json")[0])
    assert (whole["count"], {one["name"] for one in whole["results"]}) == (3, {"a", "b", "dir/c"})
    assert json.loads(run("contracts", "waiting", "weather", "a", "--json")[0])["kind"] == "breaking"
    assert rows("contracts", "list", "--waiting")[0][:4] == ["weather", "2", "ann", "3"]
    (one,) = json.loads(run("contracts", "list", "--json")[0])["results"]
    assert (one["name"], one["contract"]["waiting"]) == ("weather", 3)


def test_a_tool_is_approved_or_refused_by_what_was_seen(waiting: Service) -> None:
    with pytest.raises(CommandError, match="--seen HASH"):
        run("contracts", "approve", "weather", "a")
    for wrong in ("0" * 16, seen("a")[:4], "gone"):
        with pytest.raises(CommandError, match="have changed"):
            run("contracts", "approve", "weather", "a", "--seen", wrong)
    assert run("contracts", "approve", "weather", "a", "--seen", seen("a"))[0] == "approved  a\n"
    assert Tool.objects.get(name="a").input_schema["required"] == ["b"]
    assert run("contracts", "refuse", "weather", "dir/c", "--seen", seen("dir/c"))[0] == "refused   dir/c\n"
    assert run("contracts", "approve", "weather", "b", "--seen", "gone")[0] == "approved  b\n"
    assert not Tool.objects.filter(name="b").exists()
    assert rows("contracts", "list", "--waiting") == []
    assert AuditEntry.objects.filter(actor="command line", action="contract approved").count() == 2


def test_all_are_approved_by_one_hash_that_ends_with_the_next_change(waiting: Service) -> None:
    old = run("contracts", "waiting", "weather")[0].split()[-1]
    offer(waiting, tool("a", "b"), tool("b"), tool("dir/c"))
    with pytest.raises(CommandError, match="Review them"):
        run("contracts", "approve", "weather", "--all", "--seen", old)
    new = run("contracts", "waiting", "weather")[0].split()[-1]
    out = run("contracts", "approve", "weather", "--all", "--seen", new)[0]
    assert out.splitlines() == ["approved  a", "approved  dir/c"]
    assert run("contracts", "waiting", "weather")[0] == "No tool waits for approval.\n"


def test_at_a_terminal_the_difference_is_shown_and_a_yes_is_asked_for(
    waiting: Service, typed: Callable[[str], None]
) -> None:
    typed("")
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("contracts", "approve", "weather", "a")
    assert WaitingTool.objects.filter(name="a").exists()
    typed("y")
    assert '+       "b"' in run("contracts", "approve", "weather", "a")[0]
    run("contracts", "approve", "weather", "--all")
    assert not WaitingTool.objects.exists()


def test_pin_and_unpin(make: Make) -> None:
    service = make()
    with pytest.raises(CommandError, match="never listed"):
        run("contracts", "pin", "weather")
    offer(service, tool("a"))
    run("contracts", "pin", "weather")
    assert rows("contracts", "list")[0][2:4] == ["command", "line"]
    offer(service, tool("a", "b"))
    run("contracts", "unpin", "weather")
    assert Tool.objects.get().input_schema["required"] == ["b"]


def test_names_that_are_not_there_are_said_with_a_way_out(waiting: Service) -> None:
    with pytest.raises(CommandError, match="Did you mean weather"):
        run("contracts", "history", "wether")
    with pytest.raises(CommandError, match="services list"):
        run("contracts", "pin", "zzz")
    with pytest.raises(CommandError, match="contracts waiting"):
        run("contracts", "refuse", "weather", "none", "--seen", "x")
    with pytest.raises(CommandError, match="Name one waiting tool"):
        run("contracts", "approve", "weather")


def test_what_a_server_calls_its_tools_cannot_steer_the_terminal(make: Make) -> None:
    service = make()
    offer(service, tool("a"))
    offer(service, tool("a"), tool("\x1b]0;evil\x07\n\u202eb", description="\x1b[2J"))
    number = rows("contracts", "history", "weather")[-1][0]
    for words in (("history", "weather"), ("change", "weather", number)):
        out = run("contracts", *words)[0]
        assert all(one.isprintable() or one == "\n" for one in out)
        assert r"\x1b]0;evil\x07\n\u202eb" in out
