"""Axes: limits, the values of their lines, and times that are round where somebody looks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.pictures import scales
from lifecycle.core.pictures.paths import Scale

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86400.0


def test_the_top_is_a_little_above_the_highest_of_all_columns() -> None:
    assert scales.of([[1, 50], [None, 100]], "ms") == Scale(low=0, high=108)


@pytest.mark.parametrize(("unit", "top"), [("ms", 10), ("n", 10), ("%", 1), ("B", 1048576)])
def test_without_a_number_there_still_is_a_scale(unit: str, top: float) -> None:
    assert scales.of([[], [None]], unit) == scales.of([[0, 0]], unit) == Scale(low=0, high=top)


@pytest.mark.parametrize(("lowest", "low"), [(100, 99), (99.7, 99), (93.2, 93), (0, 0)])
def test_a_share_is_looked_at_from_just_below_its_lowest(lowest: float, low: float) -> None:
    assert scales.of([[100, None, lowest]], "%", floor=True) == Scale(low=low, high=100)
    assert scales.of([[]], "%", floor=True) == Scale(low=99, high=100)


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (0, 10, [0, 2.5, 5, 7.5, 10]),
        (0, 43.2, [0, 10, 20, 30, 40]),
        (99, 100, [99, 99.25, 99.5, 99.75, 100]),
        (0, 0.3, [0, 0.1, 0.2, 0.3]),
        (0, 1.08e12, [0, 2.5e11, 5e11, 7.5e11, 1e12]),
        (5, 5, [5]),
    ],
)
def test_lines_go_across_at_round_values(low: float, high: float, values: list[float]) -> None:
    assert scales.lines(Scale(low=low, high=high)) == pytest.approx(values)


@pytest.mark.parametrize(
    ("seconds", "width", "step"),
    [(DAY, 192, 28800), (DAY, 512, 10800), (3600, 384, 600), (7 * DAY, 384, 2 * DAY), (9e9, 100, 365 * DAY)],
)
def test_times_stand_at_least_so_far_apart(seconds: float, width: int, step: int) -> None:
    assert scales.time_step(seconds, width) == step


def test_times_are_round_on_the_clock_of_the_zone_and_a_day_is_said_once() -> None:
    end = datetime(2026, 11, 21, 13, 30, tzinfo=BERLIN).timestamp()
    found = scales.ticks(end - DAY, end, 6 * 3600, BERLIN)
    said = [(f"{tick.here:%d %H:%M}", tick.dated) for tick in found]
    assert said == [("20 18:00", True), ("21 00:00", True), ("21 06:00", False), ("21 12:00", False)]
    assert found[0].share == pytest.approx(4.5 / 24) and found[0].timed


def test_times_stay_round_when_clocks_change() -> None:
    """The night of 25 October 2026 has 25 hours there, that of 29 March 23."""
    for day, month in ((25, 10), (29, 3)):
        start = datetime(2026, month, day, tzinfo=BERLIN).timestamp()
        found = scales.ticks(start, start + DAY, 3 * 3600, BERLIN)
        assert [tick.here.hour for tick in found][:5] == [0, 3, 6, 9, 12]
        assert [tick.share for tick in found] == sorted({tick.share for tick in found})


def test_days_are_said_without_a_clock() -> None:
    start = datetime(2026, 11, 1, tzinfo=BERLIN).timestamp()
    found = scales.ticks(start, start + 7 * DAY, 172800, BERLIN)
    assert [(tick.here.day, tick.timed, tick.dated) for tick in found] == [
        (day, False, True) for day in (1, 3, 5, 7)
    ]


def test_words_without_room_beside_the_one_before_are_left_out() -> None:
    words = [(0.1, "outage"), (0.12, "restart"), (0.5, "restart"), (0.99, "计划")]
    found = scales.words_apart(words, 400)
    assert [word for _share, word in found] == ["outage", "restart", "计划"]
    assert found[-1][0] * 400 + 22 <= 400
