"""The stretch of time that a page or an answer is about: a named range that ends now, or one of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as lazy

from registry.installation import zones

DEFAULT = "24h"
HOURS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24)}
DAYS = {"7d": 7, "30d": 30, "90d": 90}
WORDS = {"1h": lazy("1 h"), "24h": lazy("24 h"), "7d": lazy("7 d"), "30d": lazy("30 d"), "90d": lazy("90 d")}
AROUND = timedelta(minutes=30)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=800)


class WindowError(ValueError):
    """What was asked for is no stretch of time; the words say why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """From *start* up to *end*; `name` is empty for one that somebody chose by its dates."""

    start: datetime
    end: datetime
    name: str = ""

    @property
    def rolling(self) -> bool:
        """Whether its end is now, and moves on."""
        return bool(self.name)


def named(name: str, now: datetime) -> Window:
    """Hours back from *now*, or whole local days: "7d" is today and the six days before it."""
    if name in HOURS:
        return Window(start=now - HOURS[name], end=now, name=name)
    if name not in DAYS:
        raise WindowError(f"There is no range {name[:20]!r}; there are {', '.join(WORDS)}.")
    here = now.astimezone(settings.SHOWN_TIME_ZONE)
    first = (here - timedelta(days=DAYS[name] - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(start=first.astimezone(UTC), end=now, name=name)


def asked(query: Mapping[str, str], now: datetime, default: str = DEFAULT) -> Window:
    """What the query of an address asks for: `from` and `to`, or `at`, or `range`."""
    if query.get("from"):
        end = min(moment(query["to"]), now) if query.get("to") else now
        return _own(moment(query["from"]), end)
    if query.get("at"):
        at = moment(query["at"])
        return _own(at - AROUND, min(at + AROUND, now))
    return named(query.get("range") or default, now)


def shown_for(query: Mapping[str, str], now: datetime) -> Window:
    """As `asked`, for a page: what is not understood shows the usual range."""
    try:
        return asked(query, now)
    except WindowError:
        return named(DEFAULT, now)


def _own(start: datetime, end: datetime) -> Window:
    if end - start < SHORTEST:
        raise WindowError("The range must begin in the past and be at least a minute long.")
    if end - start > LONGEST:
        raise WindowError("The range is longer than two years.")
    return Window(start=start, end=end)


def moment(text: str) -> datetime:
    """Seconds since 1970, or a time by ISO 8601; one without a zone is of MCPSTORE_TIME_ZONE."""
    try:
        found = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else parse_datetime(text)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        raise WindowError(f"{text[:40]!r} is not a time. Write it as 2026-11-21T14:00:00Z.")
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=zones.current())
