"""Texts are cut in the receiver's unit and never within what a reader sees as one character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.alerting.fitting import Limit, Unit, compose

UNITS = list(Unit)
WHOLE = ["天", "😀", "e\u0301", "👩‍👩‍👧", "👍🏽", "🇩🇪", "❤️", "a"]


@pytest.mark.parametrize(
    ("unit", "text", "length"),
    [
        (Unit.BYTES, "天a", 4),
        (Unit.CHARACTERS, "天a", 2),
        (Unit.UTF16, "天a", 2),
        (Unit.BYTES, "😀", 4),
        (Unit.CHARACTERS, "😀", 1),
        (Unit.UTF16, "😀", 2),
    ],
)
def test_each_unit_counts_as_its_receivers_do(unit: Unit, text: str, length: int) -> None:
    assert Limit(most=9, unit=unit).measure(text) == length


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("one", WHOLE)
def test_no_character_is_cut_in_two(unit: Unit, one: str) -> None:
    for most in (3, 7, 12, 13, 14, 15, 30, 39):
        limit = Limit(most=most, unit=unit)
        kept = limit.cut(one * 40)
        assert limit.measure(kept) <= most
        assert kept.endswith("…") and set(kept.removesuffix("…").split(one)) == {""}, kept


@given(st.text(max_size=80), st.integers(3, 40), st.sampled_from(UNITS))
def test_what_fits_stays_whole_and_what_is_cut_fits(text: str, most: int, unit: Unit) -> None:
    limit = Limit(most=most, unit=unit)
    kept = limit.cut(text)
    assert limit.measure(kept) <= most
    assert (kept == text) == (limit.measure(text) <= most) or kept == text


def test_a_long_list_says_how_many_are_left_out_and_keeps_its_tail() -> None:
    items = [f"service-{number}" for number in range(1000)]
    text = compose("1,000 services fail", items, "http://console/", Limit(most=2048, unit=Unit.BYTES))
    lines = text.split("\n")
    assert lines[0] == "1,000 services fail" and lines[-1] == "http://console/"
    assert lines[1:-2] == items[: len(lines) - 3]
    assert lines[-2] == f"and {1000 - len(lines) + 3} more"
    assert 2020 < len(text) <= 2048


@given(
    st.text(max_size=50),
    st.lists(st.text(min_size=1, max_size=20), max_size=20),
    st.text(max_size=10),
    st.integers(80, 240),
    st.sampled_from(UNITS),
)
def test_whatever_is_composed_fits(head: str, items: list[str], tail: str, most: int, unit: Unit) -> None:
    limit = Limit(most=most, unit=unit)
    text = compose(head, items, tail, limit)
    assert limit.measure(text) <= most
    assert text.endswith(tail)
