"""An edit is what differs from what was there before it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.core.diff import three_way

ENTRIES = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4)


def after(base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    return three_way.merged(three_way.edit(base, theirs, ours), theirs, ours)


def test_both_sides_keep_what_only_they_changed() -> None:
    base = {"a": 1, "b": 1, "c": 1, "d": 1}
    theirs = {"a": 2, "b": 1, "c": 1, "e": 1}
    ours = {"a": 1, "b": 2, "d": 1, "f": 1}
    assert after(base, theirs, ours) == {"a": 2, "b": 2, "e": 1, "f": 1}


@given(base=ENTRIES, theirs=ENTRIES, ours=ENTRIES)
def test_without_a_change_on_one_side_the_other_side_stands(
    base: dict[str, int], theirs: dict[str, int], ours: dict[str, int]
) -> None:
    assert after(base, base, ours) == ours
    assert after(base, theirs, base) == theirs
    assert after(base, theirs, theirs) == theirs


@given(base=ENTRIES, theirs=ENTRIES, ours=ENTRIES)
def test_only_what_the_edit_is_about_changes(
    base: dict[str, int], theirs: dict[str, int], ours: dict[str, int]
) -> None:
    made, result = three_way.edit(base, theirs, ours), after(base, theirs, ours)
    for name in {*base, *theirs, *ours} - made.touched - set(made.removed):
        assert result.get(name) == ours.get(name)
    for name in made.touched:
        assert result[name] == theirs[name] != base.get(name)
    assert not set(made.removed) & result.keys()
