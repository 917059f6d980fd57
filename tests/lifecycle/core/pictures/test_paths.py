"""Columns of numbers as paths: gaps, points alone, zeros, huge numbers, stacks."""

from __future__ import annotations

import pytest

from lifecycle.core.pictures import paths
from lifecycle.core.pictures.paths import HEIGHT, Scale

TEN = Scale(low=0, high=10)


def test_a_line_goes_from_point_to_point_by_whole_pixels() -> None:
    assert paths.line([0, 5, 5, 5, 10, 9.99], TEN) == "M0 130l1-65h2l1-65h1"


def test_a_gap_begins_a_new_stroke() -> None:
    assert paths.line([10, 0, None, None, 5, 10], TEN) == "M0 0l1 130M4 65l1-65"


def test_a_point_without_neighbours_is_a_dot_and_no_line() -> None:
    column = [5, None, 10, 10, None, 0]
    assert paths.dots(column, TEN) == "M0 65h0M5 130h0"
    assert paths.line(column, TEN) == "M2 0h1"


@pytest.mark.parametrize("column", [[], [None], [None, None]])
def test_nothing_draws_nothing(column: list[float | None]) -> None:
    assert paths.line(column, TEN) == paths.dots(column, TEN) == paths.bars(column, TEN) == ""


def test_zeros_are_a_line_at_the_bottom_and_no_bars() -> None:
    assert paths.line([0, 0, 0], TEN) == f"M0 {HEIGHT}h2"
    assert paths.bars([0, 0, 0], TEN) == paths.bars([0] * 100, TEN) == ""


def test_huge_numbers_stay_within_the_drawing() -> None:
    most = 10**15
    assert paths.line([0, most], Scale(low=0, high=most)) == "M0 130l1-130"


def test_a_scale_without_height_draws_at_the_bottom() -> None:
    assert paths.line([5, 5], Scale(low=5, high=5)) == "M0 130h1"


def test_few_bars_stand_apart() -> None:
    assert paths.bars([10, None, 5], TEN) == "M0 130v-130h.86v130zM2 130v-65h.86v65z"


def test_many_bars_are_one_outline_until_there_is_none() -> None:
    column: list[float | None] = [10, 10, 5, None, 5]
    drawn = paths.bars(column + [0] * 80, TEN)
    assert drawn == "M0 130v-130h2v65h1V130zM4 130v-65h1V130z"
    assert paths.bars([10] * 100, TEN) == "M0 130v-130h100V130z"


def test_a_stack_has_the_sums_of_what_is_below() -> None:
    assert paths.stacked([[1, None, 0], [2, 3, None], [4, 4, 4]]) == [[1, None, 0], [3, 3, None], [7, 7, 4]]
    assert paths.stacked([]) == []


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (-0.001, "0"), (0.86, ".86"), (-0.19, "-.19"), (12.5, "12.5"), (100, "100")],
)
def test_numbers_are_brief(number: float, text: str) -> None:
    assert paths.brief(number) == text


def test_a_band_goes_from_top_to_bottom() -> None:
    assert paths.band(10.5, 3) == "M10.5 0v130h3V0z"
