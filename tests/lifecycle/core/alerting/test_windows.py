"""Maintenance happens when the local clock says so, through summer time and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.alerting import windows
from lifecycle.core.alerting.windows import BadWindowError, Window, occurrences, read

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Shanghai",
    "America/Santiago",
    "UTC",
]


def starts(window: Window, after: datetime, before: datetime) -> list[str]:
    return [f"{began:%m-%d %H:%MZ}" for began, _ in occurrences(window, after, before)]


def test_a_daily_window_keeps_its_local_time_when_the_clocks_change() -> None:
    window = read(datetime(2026, 10, 20, 22, 30, tzinfo=UTC), HOUR, BERLIN, "FREQ=DAILY")
    found = starts(window, datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, 23, tzinfo=UTC))
    assert found == ["10-24 20:30Z", "10-25 21:30Z", "10-26 21:30Z"]


def test_a_time_that_the_clocks_skip_is_as_much_later_and_one_that_comes_twice_is_the_first() -> None:
    window = read(datetime(2026, 3, 28, 2, 30, tzinfo=UTC), HOUR, BERLIN, "FREQ=DAILY")
    assert starts(window, datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC)) == [
        "03-29 01:30Z"  # 03:30 in summer time
    ]
    assert starts(window, datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)) == [
        "10-25 00:30Z"  # the first 02:30 of two
    ]


def test_a_window_over_the_change_lasts_as_long_as_it_says() -> None:
    window = read(datetime(2026, 3, 29, 1, tzinfo=UTC), 3 * HOUR, BERLIN, "")
    ((began, ended),) = occurrences(
        window, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    )
    assert ended - began == 3 * HOUR


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    first=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    hour=st.times(),
    minutes=st.integers(1, 2880),
    kind=st.sampled_from(["DAILY", "WEEKLY;BYDAY=MO,TH", "DAILY;INTERVAL=3", "MONTHLY"]),
    days=st.integers(0, 400),
)
def test_occurrences_are_those_of_a_walk_over_every_local_day(
    zone: str, first: date, hour: time, minutes: int, kind: str, days: int
) -> None:
    start = datetime.combine(first, hour.replace(microsecond=0, tzinfo=None, fold=0))
    window = read(start, timedelta(minutes=minutes), ZoneInfo(zone), f"FREQ={kind}")
    after = datetime.combine(first, time(), UTC) + timedelta(days=days)
    before = after + timedelta(days=14)
    found = list(occurrences(window, after, before))
    expected = []
    for n in range(-4, days + 18):
        day = first + timedelta(days=n)
        if n < 0 or not _on(kind, first, day):
            continue
        began = datetime.combine(day, start.time(), ZoneInfo(zone)).astimezone(UTC)
        if began < before and began + window.length > after:
            expected.append((began, began + window.length))
    assert found == expected


def _on(kind: str, first: date, day: date) -> bool:
    match kind:
        case "DAILY":
            return True
        case "WEEKLY;BYDAY=MO,TH":
            return day.weekday() in (0, 3)
        case "DAILY;INTERVAL=3":
            return (day - first).days % 3 == 0
        case _:
            return day.day == first.day


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 10 * 24 * 60))
def test_planning_in_parts_finds_each_occurrence_as_planning_at_once_does(cut: int) -> None:
    window = read(datetime(2026, 10, 20, 2, 30, tzinfo=UTC), HOUR, BERLIN, "FREQ=DAILY")
    begin = datetime(2026, 10, 20, tzinfo=UTC)
    middle, end = begin + timedelta(minutes=cut), begin + timedelta(days=10)
    parts = [*occurrences(window, begin, middle), *occurrences(window, middle, end)]
    assert list(dict.fromkeys(parts)) == list(occurrences(window, begin, end))


def test_until_may_be_written_in_utc() -> None:
    window = read(datetime(2026, 5, 1, 22, tzinfo=UTC), HOUR, BERLIN, "FREQ=DAILY;UNTIL=20260503T200000Z")
    all_of_may = datetime(2026, 4, 30, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert starts(window, *all_of_may) == ["05-01 20:00Z", "05-02 20:00Z", "05-03 20:00Z"]


@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("minutes", {"length": timedelta(0)}),
        ("minutes", {"length": timedelta(days=40)}),
        ("rule", {"rule": "FREQ=SECONDLY"}),
        ("rule", {"rule": "FREQ=DAILY;BYHOUR=1,2"}),
        ("rule", {"rule": "FREQ=DAILY;BYDAY=XX"}),
        ("rule", {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}),
        ("rule", {"rule": "every day"}),
        ("rule", {"rule": "FREQ=DAILY\nEXRULE:FREQ=SECONDLY"}),
    ],
)
def test_what_is_no_window_is_refused_with_its_place(where: str, changes: dict[str, object]) -> None:
    values: dict[str, object] = {
        "start": datetime(2026, 5, 1, 22, tzinfo=UTC), "length": HOUR, "zone": UTC, "rule": "FREQ=DAILY"
    }  # fmt: skip
    with pytest.raises(BadWindowError) as caught:
        windows.read(**{**values, **changes})  # type: ignore[arg-type]
    assert caught.value.where == where
