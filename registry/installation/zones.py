"""The time zone of what is shown: as chosen by whoever looks, else that of MCPSTORE_TIME_ZONE.

Django's own current zone stays UTC: forms and days of the uptime mean zones of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django import template
from django.conf import settings

register = template.Library()
"""Makes the filter `local` a part of every template; see TEMPLATES in the settings."""
COOKIE = "zone"
_chosen: ContextVar[ZoneInfo | None] = ContextVar("zone", default=None)


def current() -> ZoneInfo:
    """The zone of whoever looks."""
    zone: ZoneInfo = _chosen.get() or settings.SHOWN_TIME_ZONE
    return zone


@contextmanager
def within(name: str) -> Iterator[None]:
    """Show times of the zone *name*; those of the console where that is none."""
    token = _chosen.set(known(name))
    try:
        yield
    finally:
        _chosen.reset(token)


@lru_cache(maxsize=64)
def known(name: str) -> ZoneInfo | None:
    """The zone of that name."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1)
def names() -> list[str]:
    """All that can be chosen, by continent: those of cities, and UTC."""
    return [
        "UTC",
        *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")),
    ]


@register.filter
def local(moment: datetime | None) -> str:
    """The moment in full, in the zone of whoever looks: "2026-11-21 13:00:05 CET"."""
    if moment is None:
        return "–"
    here = moment.astimezone(current())
    return f"{here:%Y-%m-%d %H:%M:%S} {abbreviation(here)}"


def abbreviation(here: datetime) -> str:
    """What the zone of a moment is called in short: CET, or UTC+0530 where it has no letters."""
    zone = here.tzname() or ""
    return zone if zone[:1].isalpha() else f"UTC{zone}"
