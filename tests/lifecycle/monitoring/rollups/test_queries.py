"""Figures of any window are those of the checks themselves, whatever has been rolled up and deleted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.core.monitoring.summary import EMPTY, Summary
from lifecycle.models import CheckResult, RollupMark
from lifecycle.monitoring.rollups import fleet, queries, roll_up, tables
from lifecycle.monitoring.rollups.prune import Pruning
from lifecycle.monitoring.rollups.queries import Point
from lifecycle.monitoring.rollups.write import Rollups
from registry.models import Service
from tests.lifecycle.monitoring.rollups.checking import START, Line, make_services, moment, record

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NOW = START + 3 * DAY + 1234
KEPT = {0: 2.0, MINUTES: 14.0, HOUR: 90.0, DAY: 730.0}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment(NOW))


LEFT = (Service, CheckResult, *tables.MODELS.values(), RollupMark)
"""What holds rows after `three_days`."""
_once: dict[str, Any] = {}


@pytest.fixture
def lines() -> list[Line]:
    """Three days of checks; what comes of them in a second or two is made once and then laid down again."""
    if not _once:
        _once["lines"] = three_days()
        _once["rows"] = {model: list(model._default_manager.all()) for model in LEFT}
    else:
        RollupMark.objects.all().delete()
        for model, rows in _once["rows"].items():
            model._default_manager.bulk_create(rows)
    found: list[Line] = _once["lines"]
    return found


def three_days() -> list[Line]:
    """Of three services, rolled up as far as they are over, and pruned."""
    chance, ids = random.Random(7), make_services(3)
    found: list[Line] = []
    for service_id in ids:
        at = float(START - 1000)
        while (at := at + chance.uniform(60, 900)) < NOW:
            ms = chance.choice((None, round(chance.lognormvariate(5, 1))))
            found.append((service_id, round(at, 3), chance.randint(0, 7), ms))
    record(Rollups(), found)
    while roll_up.step(moment(NOW)):
        pass
    Pruning().step(KEPT, moment(NOW))
    return found


def told(lines: list[Line], service_id: int, start: float, end: float) -> Summary:
    """From all checks that ever were."""
    return summaries.of((level, ms) for of, at, level, ms in lines if of == service_id and start <= at < end)


def ids_of(lines: list[Line]) -> list[int]:
    return sorted({line[0] for line in lines})


def windows(seed: int) -> Iterator[tuple[float, float]]:
    chance = random.Random(seed)
    for _ in range(40):
        start = chance.uniform(START - 2000, NOW)
        yield round(start, 3), round(chance.uniform(start, NOW), 3)


def test_pruning_left_two_days_of_checks_and_all_sums(lines: list[Line]) -> None:
    first = CheckResult.objects.order_by("at").values_list("at", flat=True)[0]
    assert NOW - 2 * DAY <= first / 1000 < NOW - 2 * DAY + 900
    assert RollupMark.objects.get(name="hour").until == START + 3 * DAY


def test_a_window_of_the_last_two_days_is_exact_to_the_moment(lines: list[Line]) -> None:
    for start, end in windows(1):
        start = max(start, NOW - 2 * DAY)
        if start < end:
            found = queries.totals(ids_of(lines), moment(start), moment(end))
            assert found == {one: told(lines, one, start, end) for one in ids_of(lines)}


def test_an_older_window_begins_with_its_five_minutes(lines: list[Line]) -> None:
    (one, *_) = ids_of(lines)
    for start, end in windows(2):
        exact = [at if at >= NOW - 2 * DAY else at // MINUTES * MINUTES for at in (start, end)]
        assert queries.window(one, moment(start), moment(end)) == told(lines, one, *exact)


def test_a_window_that_ends_now_or_later_has_all_there_is(lines: list[Line]) -> None:
    (one, *_) = ids_of(lines)
    every = told(lines, one, START - 1000, NOW)
    assert queries.window(one, moment(START - DAY), moment(NOW)) == every
    assert queries.window(one, moment(START - DAY), moment(NOW + DAY)) == every


def test_a_service_without_checks_has_an_empty_summary() -> None:
    assert queries.totals([404], moment(START), moment(NOW)) == {404: EMPTY}
    assert queries.totals([], moment(START), moment(NOW)) == {}
    assert queries.series(404, moment(START), moment(NOW)) == []
    assert queries.recent([404]) == {404: [None] * 24}


@pytest.mark.parametrize("hours", [1, 6, 24, 72])
def test_each_point_of_a_chart_is_its_checks(lines: list[Line], hours: int) -> None:
    (_, one, _) = ids_of(lines)
    points = queries.series(one, moment(NOW - hours * HOUR), moment(NOW))
    assert 0 < len(points) <= queries.POINTS
    assert [point.summary for point in points] == [
        told(lines, one, point.at, point.at + point.seconds) for point in points
    ]
    assert all(point.summary.total for point in points)
    first = points[0].at - points[0].at % points[0].seconds
    counted = sum(point.summary.total for point in points)
    assert counted == told(lines, one, min(first, NOW), NOW).total


def test_a_chart_of_a_year_is_drawn_from_days_hours_and_minutes(lines: list[Line]) -> None:
    (one, *_) = ids_of(lines)
    points = queries.series(one, moment(NOW - 365 * DAY), moment(NOW))
    assert {point.seconds for point in points} == {DAY}
    assert summaries.merge(point.summary for point in points) == told(lines, one, START - 1000, NOW)


def test_a_chart_of_the_fleet_is_all_services(lines: list[Line]) -> None:
    RollupMark.objects.filter(name="fleet").update(until=START + 2 * DAY)
    RollupMark.objects.filter(name="fleet hour").update(until=START + 2 * DAY)
    while fleet.step(moment(NOW)):
        pass
    fleet.renew(moment(NOW))
    points = queries.fleet_series(moment(NOW - 6 * HOUR), moment(NOW))
    every = [
        summaries.merge(told(lines, one, point.at, point.at + MINUTES) for one in ids_of(lines))
        for point in points
    ]
    assert [point.summary for point in points] == every
    assert all(point.services <= 3 for point in points)
    hours = queries.fleet_series(moment(NOW - 30 * DAY), moment(NOW))
    assert sum(point.summary.total for point in hours) == sum(at >= START + 2 * DAY for _, at, _, _ in lines)


def test_the_last_day_by_the_hour(lines: list[Line]) -> None:
    first = (NOW // HOUR - 23) * HOUR
    for one, medians in queries.recent(ids_of(lines)).items():
        hours = [told(lines, one, first + n * HOUR, first + (n + 1) * HOUR) for n in range(24)]
        assert medians == [hour.p(0.5) for hour in hours]


def test_two_queries_for_any_number_of_services(lines: list[Line]) -> None:
    now: datetime = moment(NOW)
    asks: list[tuple[Callable[[], object], int]] = [
        (lambda: queries.recent(ids_of(lines)), 2),
        (lambda: queries.series(ids_of(lines)[0], now - timedelta(days=30), now), 2),
        (lambda: queries.totals(ids_of(lines), now - timedelta(days=30), now), 2),
        (lambda: queries.totals(ids_of(lines), now - timedelta(hours=30), now), 3),
        (lambda: queries.fleet_series(now - timedelta(days=30), now), 2),
    ]
    for ask, most in asks:
        with CaptureQueriesContext(connection) as asked:
            ask()
        assert len(asked) <= most, [query["sql"] for query in asked]


def test_what_is_laid_down_again_is_all_that_was_there() -> None:
    _once.clear()
    before = filled()
    three_days()
    assert {model for model, count in filled().items() if count != before[model]} == set(LEFT)


def filled() -> dict[type[Model], int]:
    return {model: model._default_manager.count() for model in apps.get_models()}


def test_points_are_values() -> None:
    assert Point(1, 2, EMPTY) == Point(1, 2, EMPTY)
