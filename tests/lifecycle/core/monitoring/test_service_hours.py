"""Service hours follow the clock on the wall, also in the nights in which it is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.monitoring.service_hours import Interval, ServiceHours
from tests.support.histories import DAYS, in_hours, service_hours

BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def hours(days: str, begin: int, end: int) -> ServiceHours:
    return ServiceHours(frozenset(int(day) for day in days), begin * 60, end * 60, BERLIN)


@settings(max_examples=50, deadline=None)
@given(service_hours(), st.sampled_from(DAYS), st.integers(-1440, 1440))
def test_every_minute_is_as_the_clock_shows(given_hours: ServiceHours, day: datetime, shift: int) -> None:
    start = int((day + timedelta(minutes=shift)).timestamp())
    end = start + 3 * 86_400
    found = given_hours.open(start, end)
    open_at = {
        at for one in found for at in range(int(one.start) // 60 * 60, int(one.end), 60) if at >= start
    }
    assert open_at == {at for at in range(start, end, 60) if in_hours(given_hours, at)}
    assert all(before.end < after.start for before, after in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(service_hours(), st.floats(0, 4e9), st.floats(1, 3e5))
def test_open_and_closed_are_all_the_time(given_hours: ServiceHours, start: float, length: float) -> None:
    both = [*given_hours.open(start, start + length), *given_hours.closed(start, start + length)]
    ordered = sorted(both, key=lambda one: one.start)
    assert ordered[0].start == start and ordered[-1].end == start + length
    assert all(before.end == after.start for before, after in pairwise(ordered))


def test_office_hours_keep_to_the_wall_through_the_change_of_clocks() -> None:
    friday, monday = (
        hours("01234", 8, 18).open(moment(f"{day}T00:00+00:00"), moment(f"{day}T23:00+00:00"))
        for day in ("2026-03-27", "2026-03-30")
    )
    assert friday == [Interval(moment("2026-03-27T07:00+00:00"), moment("2026-03-27T17:00+00:00"))]
    assert monday == [Interval(moment("2026-03-30T06:00+00:00"), moment("2026-03-30T16:00+00:00"))]


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 2), ("2026-10-25", 4), ("2026-07-05", 3)])
def test_an_hour_that_is_skipped_is_missing_and_one_that_comes_twice_counts_twice(
    day: str, length: int
) -> None:
    start = moment(f"{day}T00:00+00:00") - 7200
    found = hours("6", 1, 4).open(start, start + 86_400)
    assert [(one.end - one.start) / 3600 for one in found] == [length]


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    start = datetime(2026, 7, 3, tzinfo=BERLIN).timestamp()  # a Friday
    assert hours("4", 22, 6).open(start, start + 7 * 86_400) == [
        Interval(moment("2026-07-03T22:00+02:00"), moment("2026-07-04T06:00+02:00"))
    ]


def test_the_same_time_twice_is_the_whole_day() -> None:
    start = datetime(2026, 7, 3, tzinfo=UTC).timestamp()
    assert hours("0123456", 9, 9).open(start, start + 86_400) == [Interval(start, start + 86_400)]
    assert hours("", 9, 17).closed(start, start + 86_400) == [Interval(start, start + 86_400)]
