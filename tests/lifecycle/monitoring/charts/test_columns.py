"""Points become columns without holes."""

from __future__ import annotations

from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.uptime import Standing
from lifecycle.monitoring.charts import columns
from lifecycle.monitoring.rollups.queries import Point
from lifecycle.monitoring.uptime.history import Past


def point(at: int, *checks: tuple[int, int | None]) -> Point:
    return Point(at, 300, summaries.of(checks))


def test_gaps_are_nothing_and_not_joined_over() -> None:
    chart = columns.response([point(900, (0, 40)), point(1800, (0, 60))], 600, 2400)
    assert chart.x == [600, 900, 1200, 1500, 1800, 2100]
    assert chart.columns["p50"] == [None, 40.0, None, None, 60.0, None]


def test_no_points_are_no_columns() -> None:
    assert columns.response([], 0, 3600).x == []


def test_it_begins_with_the_first_point_that_begins_in_the_window() -> None:
    assert columns.checks([point(900, (0, 1))], 850, 1000).x == [900]


def test_checks_are_counted_by_what_they_found() -> None:
    found = columns.checks(
        [point(0, (0, 1), (0, 1), (1, 2), (2, 3), (3, None), (6, None), (7, None))], 0, 300
    )
    assert {key: column[0] for key, column in found.columns.items()} == {
        "healthy": 2,
        "warning": 1,
        "slow": 1,
        "failed": 2,
        "unknown": 1,
    }


def test_availability_is_of_the_states_and_ends_now() -> None:
    like = columns.response([point(0, (0, 1)), point(300, (0, 1)), point(600, (0, 1))], 0, 900)
    past = Past(changes=[(-10.0, Standing.SERVING), (450.0, Standing.DOWN), (600.0, Standing.SERVING)])
    found = columns.availability(like, past, 0, 700)
    assert found.x == [0, 300, 600]
    assert found.columns["serving"] == [100.0, 50.0, 100.0]


def test_what_nobody_knows_has_no_availability() -> None:
    like = columns.response([point(0, (0, 1))], 0, 300)
    assert columns.availability(like, Past(), 0, 300).columns["serving"] == [None]
