"""Local days, which may have 23 or 25 hours. Pure; times are seconds since 1970."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo


def day_of(at: float, zone: tzinfo) -> date:
    """The date in *zone*."""
    return datetime.fromtimestamp(at, zone).date()


def midnight(day: date, zone: tzinfo) -> int:
    """When the day begins; where the clocks skip midnight, when they do."""
    return int(datetime.combine(day, time(), zone).timestamp())


def beginning(at: float, zone: tzinfo, days_before: int = 0) -> int:
    """The midnight of the day of *at*, or so many days before it."""
    return midnight(day_of(at, zone) - timedelta(days=days_before), zone)


def midnights(first: float, last: float, zone: tzinfo) -> list[int]:
    """From that of the day of *first* to that of the day of *last*, both included."""
    begin, end = day_of(first, zone), day_of(last, zone)
    return [midnight(begin + timedelta(days=n), zone) for n in range((end - begin).days + 1)]
