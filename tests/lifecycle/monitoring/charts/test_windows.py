"""Stretches of time as addresses ask for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from lifecycle.monitoring.charts import windows
from lifecycle.monitoring.charts.windows import WindowError

NOW = datetime(2026, 11, 21, 14, 0, 30, tzinfo=UTC)


def test_hours_reach_back_from_now() -> None:
    window = windows.named("24h", NOW)
    assert (window.end - window.start, window.end, window.rolling) == (timedelta(hours=24), NOW, True)


def test_days_are_local_and_today_is_one_of_them(settings: Settings) -> None:
    settings.SHOWN_TIME_ZONE = ZoneInfo("Asia/Shanghai")
    assert windows.named("7d", NOW).start == datetime(2026, 11, 14, 16, tzinfo=UTC)


def test_a_midnight_before_the_clock_was_set_is_still_midnight(settings: Settings) -> None:
    settings.SHOWN_TIME_ZONE = ZoneInfo("Europe/Berlin")
    in_november = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert windows.named("30d", in_november).start == datetime(2026, 10, 2, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({}, NOW - timedelta(hours=24), NOW),
        ({"range": "1h"}, NOW - timedelta(hours=1), NOW),
        ({"from": "1795262400", "to": "1795273200"}, datetime(2026, 11, 21, 12, tzinfo=UTC), NOW),
        ({"from": "2026-11-21T10:00", "to": "2026-11-21T11:00"}, NOW.replace(hour=10, minute=0, second=0), 0),
        ({"from": "2026-11-20T10:00:00+02:00"}, datetime(2026, 11, 20, 8, tzinfo=UTC), NOW),
        ({"at": "2026-11-21T12:00:00Z"}, datetime(2026, 11, 21, 11, 30, tzinfo=UTC), 0),
    ],
)
def test_a_query_names_its_window(query: dict[str, str], start: datetime, end: datetime | int) -> None:
    window = windows.asked(query, NOW)
    assert window.start == start
    assert window.end == (end or start + timedelta(hours=1))


def test_one_of_its_own_does_not_move_on() -> None:
    assert not windows.asked({"from": "2026-11-21T10:00"}, NOW).rolling


@pytest.mark.parametrize(
    "query",
    [
        {"range": "2h"},
        {"from": "yesterday"},
        {"from": "2026-13-01"},
        {"from": "2026-02-31T00:00"},
        {"from": "9" * 30},
        {"from": "2026-11-22T10:00"},
        {"from": "2026-11-21T10:00", "to": "2026-11-21T09:00"},
        {"from": "2020-01-01T00:00"},
        {"at": "\x00"},
    ],
)
def test_what_is_no_window_is_refused_in_words(query: dict[str, str]) -> None:
    with pytest.raises(WindowError, match=r"\w"):
        windows.asked(query, NOW)


def test_a_page_shows_the_usual_range_instead() -> None:
    assert windows.shown_for({"range": "nonsense"}, NOW).name == "24h"
