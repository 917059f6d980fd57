"""The way through a list in pages: each entry once, whatever the server does with its cursors."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.lists.cursors import Walk

Page = tuple[list[Any], Any]


def walked(pages: dict[str | None, Page], most: int = 10) -> tuple[list[Any], str, int]:
    """What a walk through *pages*, by cursor, lists, its note, and how many pages it asked for."""
    walk, asked = Walk(most=most), 0
    listed: list[Any] = []
    while not walk.ended:
        listed += walk.take(*pages[walk.cursor])
        asked += 1
    return listed, walk.note, asked


def test_a_list_of_one_page_is_taken_as_it_is_with_its_doubles() -> None:
    assert walked({None: (["a", "a"], None)}) == (["a", "a"], "", 1)


def test_pages_follow_each_other_to_the_end() -> None:
    pages: dict[str | None, Page] = {None: (["a"], "2"), "2": ([], "3"), "3": (["b"], None)}
    assert walked(pages) == (["a", "b"], "", 3)


def test_a_cursor_that_stands_still_ends_the_list_with_a_note_and_each_entry_once() -> None:
    listed, note, asked = walked({None: (["a", "b"], "x"), "x": (["a", "b"], "x")})
    assert (listed, asked) == (["a", "b"], 2)
    assert "stood still after page 2" in note


def test_an_empty_cursor_that_goes_on_is_followed() -> None:
    assert walked({None: (["a"], ""), "": (["b"], None)}) == (["a", "b"], "", 2)


@pytest.mark.parametrize("again", [["a"], []])
def test_an_empty_cursor_that_means_the_end_is_no_oddity(again: list[str]) -> None:
    assert walked({None: (["a"], ""), "": (again, "")}) == (["a"], "", 2)


def test_new_cursors_that_bring_the_same_page_end_the_list() -> None:
    listed, note, asked = walked({None: (["a"], "1"), "1": (["a"], "2")})
    assert (listed, asked) == (["a"], 2)
    assert "page 2 repeated" in note


def test_a_list_without_end_is_cut_with_a_note() -> None:
    pages: dict[str | None, Page] = {str(n): ([n], str(n + 1)) for n in range(1, 9)} | {None: ([0], "1")}
    listed, note, _ = walked(pages, most=3)
    assert listed == [0, 1, 2]
    assert "more than 3 pages" in note


def test_a_cursor_that_is_no_text_is_told_and_not_guessed() -> None:
    listed, note, asked = walked({None: (["a"], 2)})
    assert (listed, asked) == (["a"], 1)
    assert "is not a string" in note


def test_two_equal_entries_of_one_page_are_both_there_to_be_told() -> None:
    assert walked({None: (["a", "a"], "1"), "1": (["a", "b"], None)})[0] == ["a", "a", "b"]
