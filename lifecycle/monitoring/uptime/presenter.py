"""Uptime in words: a figure never without its coverage, and never rounded up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from lifecycle.core.monitoring.uptime import Account, percent
from lifecycle.monitoring.uptime import day_bar, queries
from lifecycle.monitoring.uptime.forms import in_words
from lifecycle.monitoring.uptime.queries import Day
from registry.models import Service

DIGITS, COVERAGE_DIGITS = 2, 1
WORDS: dict[str, str | Promise] = {
    "24h": lazy("24 hours"),
    "7d": lazy("7 days"),
    "30d": lazy("30 days"),
    "90d": lazy("90 days"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Uptime over one window; `down` is empty where there was no outage."""

    label: str
    uptime: str
    coverage: str
    down: str
    bad: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DayLine:
    """One day in the table."""

    date: str
    uptime: str
    down: str
    coverage: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UptimeCard:
    """All that `_uptime.html` shows; `lines` are newest first, `hours` says when the service is expected."""

    figures: list[Figure]
    bar: SafeString
    first: str
    lines: list[DayLine]
    hours: str


def card_of(service: Service, now: datetime) -> UptimeCard:
    """The uptime of one service; two queries."""
    found = queries.figures_of(service, now)
    lines = [_line(day) for day in found.days]
    return UptimeCard(
        figures=[_figure(str(WORDS[name]), account) for name, account in found.windows.items()],
        bar=day_bar.svg([day.account for day in found.days], (), _sum(found.days)),
        first=lines[0].date,
        lines=lines[::-1],
        hours=in_words(service),
    )


def plain(service: Service, now: datetime) -> dict[str, dict[str, Any]]:
    """By window, as REST and exports give it: percent, coverage in percent, seconds down."""
    windows = queries.figures_of(service, now).windows
    return {name: figures(account) for name, account in windows.items()}


def figures(account: Account) -> dict[str, Any]:
    """Of one account; percent is null where nothing is known, coverage where no time counts."""
    return {
        "percent": percent(account.ratio, DIGITS),
        "coverage": percent(account.coverage, COVERAGE_DIGITS),
        "down_seconds": round(account.down, 3),
    }


def percent_text(ratio: float | None, digits: int = DIGITS) -> str:
    """ "99.95 %", cut off; "< 0.01 %" where that would be nothing; a dash where nothing is known."""
    value = percent(ratio, digits)
    if value is None:
        return "–"
    if ratio and not value:
        return f"< {10**-digits:.{digits}f} %"
    return f"{value:.0f} %" if ratio in (0, 1) else f"{value:.{digits}f} %"


def coverage_text(account: Account) -> str:
    """How much of the time is known; empty where no time counts."""
    if account.coverage is None:
        return ""
    return _("coverage %(share)s") % {"share": percent_text(account.coverage, COVERAGE_DIGITS)}


def coverage_in_short(account: Account) -> str:
    """The same for a line of the list; empty where all is known, and where nothing is."""
    if not account.coverage or account.coverage == 1:
        return ""
    return _("%(share)s covered") % {"share": percent_text(account.coverage, 0)}


def duration(seconds: float) -> str:
    """An outage's length, to the second below an hour and to the minute above; empty for none."""
    if seconds <= 0:
        return ""
    if seconds < 1:
        return _("under 1 s")
    whole = int(seconds)
    days, hours, minutes, rest = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    parts = [(days, _("%(n)d d")), (hours, _("%(n)d h")), (minutes, _("%(n)d min"))]
    parts += [(rest, _("%(n)d s"))] if whole < 3600 else []
    return " ".join(word % {"n": number} for number, word in parts if number)


def _figure(label: str, account: Account) -> Figure:
    down = duration(account.down)
    return Figure(
        label=label,
        uptime=percent_text(account.ratio),
        coverage=coverage_text(account) or _("no time counted"),
        down=_("%(time)s down") % {"time": down} if down else "",
        bad=bool(down),
    )


def _line(day: Day) -> DayLine:
    account = day.account
    return DayLine(
        date=f"{day.start.astimezone(settings.SHOWN_TIME_ZONE):%Y-%m-%d}",
        uptime=percent_text(account.ratio),
        down=_minutes(account.down),
        coverage=percent_text(account.coverage, COVERAGE_DIGITS),
    )


def _minutes(seconds: float) -> str:
    """Minutes down, with a tenth where they are few."""
    minutes = seconds / 60
    if 0 < minutes < 0.1:
        return _("under 0.1 min")
    return _("%(n)s min") % {"n": f"{minutes:.1f}" if 0 < minutes < 10 else f"{minutes:,.0f}"}


def _sum(days: Sequence[Day]) -> str:
    bad = sum(day.account.down > 0 for day in days)
    words = ngettext(
        "Outages on %(n)d of the last %(all)d days", "Outages on %(n)d of the last %(all)d days", bad
    )
    return words % {"n": bad, "all": len(days)}
