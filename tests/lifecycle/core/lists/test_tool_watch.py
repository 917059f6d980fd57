"""What the answer to a check says of the tools, and how soon the lists are read again for it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from lifecycle.core.lists.tool_watch import DISCOVER, LARGE, LIST, SERVER_INFO, SMALL, ToolWatch, mark_of

INTERVAL = 30.0


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, **more}


def listed(*tools: Any, **more: Any) -> dict[str, Any]:
    return {"tools": list(tools), **more}


def version(number: str) -> dict[str, Any]:
    return {"capabilities": {}, "_meta": {SERVER_INFO: {"name": "x", "version": number}}}


BOTH = listed(tool("a"), tool("b"))


def watch(result: dict[str, Any] = BOTH, size: int = 100) -> ToolWatch:
    """One whose lists were just read."""
    watch = ToolWatch()
    watch.read(mark_of(result, size))
    return watch


def check(watch: ToolWatch, answer: dict[str, Any]) -> bool:
    """Whether the lists are read again for it; they are then as this answer says."""
    if not watch.turn(plain=False) or not watch.differs(answer, INTERVAL):
        return False
    watch.read(mark_of(answer, 100))
    return True


@pytest.mark.parametrize(
    "answer",
    [
        listed(tool("b"), tool("a")),
        listed(tool("a"), tool("b"), ttlMs=7, _meta={"at": "12:01"}),
        listed(tool("a", _meta={"at": "12:01"}), tool("b", icons=[])),
        listed({"inputSchema": {"type": "object"}, "name": "a"}, tool("b")),
    ],
    ids=["another order", "noise of the answer", "noise of a tool", "another order of keys"],
)
def test_the_same_tools_are_the_same_however_they_are_told(answer: dict[str, Any]) -> None:
    assert not check(watch(), answer)


@pytest.mark.parametrize(
    "answer",
    [
        listed(tool("a")),
        listed(tool("a"), tool("b"), tool("c")),
        listed(tool("a"), tool("b", description="new")),
        listed(tool("a"), tool("b", annotations={"destructiveHint": True})),
        listed(tool("a"), "not even an object"),
        {},
    ],
    ids=["one less", "one more", "a description", "a hint", "a bad one", "none"],
)
def test_other_tools_are_read_again_at_the_first_check(answer: dict[str, Any]) -> None:
    assert check(watch(), answer)


def test_lists_that_are_large_or_paged_are_watched_by_the_version_of_their_server() -> None:
    for mark in (mark_of(BOTH, SMALL + 1), mark_of(listed(tool("a"), nextCursor="2"), 100)):
        assert mark == LARGE
        held = ToolWatch()
        held.read(mark)
        assert held.turn(plain=False) == DISCOVER
        assert not held.differs(version("1"), INTERVAL)
        held.read(LARGE)
        assert held.differs(version("2"), INTERVAL)
        assert held.differs(version("2"), INTERVAL), "until they are read"
        held.read(LARGE)
        assert not held.differs(version("2"), INTERVAL)
    assert watch(size=SMALL).turn(plain=False) == LIST


def test_nothing_is_compared_where_nothing_is_watched_or_changes_are_told() -> None:
    assert ToolWatch().turn(plain=False) == ""
    assert watch().turn(plain=True) == ""


def test_lists_that_differ_each_time_are_read_ever_more_rarely_down_to_once_in_two_hours() -> None:
    held = watch()
    read = [number for number in range(2000) if check(held, listed(tool("a", description=str(number))))]
    assert read[:8] == [0, 1, 2, 4, 8, 16, 32, 64]
    assert {later - sooner for sooner, later in itertools.pairwise(read[10:])} == {240}


def test_a_list_that_changes_by_the_minute_calms_down_too() -> None:
    held = watch()
    read = [number for number in range(1000) if check(held, listed(tool("a", description=str(number // 2))))]
    assert len(read) < 15


def test_two_versions_behind_one_address_calm_down_too() -> None:
    held = watch()
    read = [number for number in range(1000) if check(held, (BOTH, listed(tool("a")))[number % 2])]
    assert len(read) < 15


def test_after_twenty_calm_checks_a_change_is_read_at_once_again() -> None:
    held = watch()
    for number in range(40):
        check(held, listed(tool("a", description=str(number))))
    last = listed(tool("a"))
    while not check(held, last):
        pass
    while held.turn(plain=False) != LIST:
        pass
    for _ in range(20):
        assert not held.differs(last, INTERVAL)
        held.turn(plain=False)
    assert check(held, BOTH)
    assert check(held, last)


def test_a_list_that_is_late_is_asked_for_ever_more_rarely() -> None:
    held, asked = watch(), []
    for number in range(40):
        if held.turn(plain=False) == LIST:
            asked.append(number)
            held.disturbed(INTERVAL)
    assert asked == [0, 1, 2, 4, 8, 16, 32]
