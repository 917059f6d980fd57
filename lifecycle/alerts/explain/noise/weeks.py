"""Weeks of the console's time zone, as people write them: 2026-W48."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings

_WRITTEN = re.compile(r"(\d{4})-?W(\d{1,2})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Week:
    """From Monday to Sunday."""

    monday: date

    @property
    def name(self) -> str:
        year, number, _day = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def begins(self) -> datetime:
        return _midnight(self.monday)

    @property
    def ends(self) -> datetime:
        return _midnight(self.monday + timedelta(days=7))

    def moved(self, weeks: int) -> Week:
        return Week(monday=self.monday + timedelta(weeks=weeks))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings.SHOWN_TIME_ZONE).astimezone(UTC)


def of(now: datetime) -> Week:
    """The one in which *now* lies."""
    day = now.astimezone(settings.SHOWN_TIME_ZONE).date()
    return Week(monday=day - timedelta(days=day.weekday()))


def read(text: str) -> Week | None:
    """None where that names no week between 2000 and 2199."""
    found = _WRITTEN.fullmatch(text)
    if found is None or not 2000 <= int(found[1]) < 2200:
        return None
    try:
        return Week(monday=date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError:
        return None
