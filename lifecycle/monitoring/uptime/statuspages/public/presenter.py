"""A board in words and colours, for the page, the feed, JSON and badges."""

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

from lifecycle.core.monitoring.uptime import percent
from lifecycle.monitoring.uptime import day_bar
from lifecycle.monitoring.uptime.presenter import DIGITS, coverage_text, duration, percent_text
from lifecycle.monitoring.uptime.queries import Day
from lifecycle.monitoring.uptime.statuspages.public.board import Board, Incident, Line, Planned
from lifecycle.monitoring.uptime.statuspages.public.standing import Standing
from lifecycle.pages import humanize

WORDS: dict[Standing, str | Promise] = {
    Standing.UP: lazy("Operational"),
    Standing.DEGRADED: lazy("Degraded"),
    Standing.DOWN: lazy("Outage"),
    Standing.MAINTENANCE: lazy("Maintenance"),
    Standing.STARTING: lazy("Starting"),
    Standing.STOPPED: lazy("Not running"),
    Standing.UNKNOWN: lazy("Unknown"),
}
CSS = {
    Standing.UP: "l-ok",
    Standing.DEGRADED: "l-warning",
    Standing.DOWN: "l-bad",
    Standing.MAINTENANCE: "l-info",
    Standing.STARTING: "l-start",
    Standing.STOPPED: "l-rest",
    Standing.UNKNOWN: "l-rest",
}
OVERALL: dict[Standing, str | Promise] = {
    Standing.UP: lazy("All services are operational"),
    Standing.DEGRADED: lazy("Some services are degraded"),
    Standing.DOWN: lazy("Some services have an outage"),
    Standing.MAINTENANCE: lazy("Maintenance in progress"),
    Standing.STARTING: lazy("Some services are starting"),
    Standing.STOPPED: lazy("Some services are not running"),
    Standing.UNKNOWN: lazy("The state is currently unknown"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One service on the page."""

    name: str
    word: str
    css: str
    uptime: str
    coverage: str
    bar: SafeString | str


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time for people and for programs."""

    iso: str
    text: str


@dataclass(frozen=True, kw_only=True)
class IncidentRow:
    name: str
    state: str
    css: str
    began: Moment
    ended: Moment | None
    lasted: str
    words: list[tuple[Moment, str]]


@dataclass(frozen=True, kw_only=True)
class PlannedRow:
    state: str
    css: str
    names: str
    began: Moment
    ended: Moment


def page_of(board: Board) -> dict[str, Any]:
    """All that the page's template shows."""
    return {
        "board": board,
        "overall": str(OVERALL[board.overall] if board.lines else _("Nothing to show yet")),
        "overall_css": CSS[board.overall],
        "rows": [_row(line, board.show_uptime) for line in board.lines],
        "incidents": [_incident(one) for one in board.incidents],
        "planned": [_planned(one) for one in board.planned],
        "first": _date(board.lines[0].days[0].start) if board.lines else "",
        "as_of": Moment(iso=humanize.brief_iso(board.as_of), text=_minute(board.as_of)),
    }


def _row(line: Line, with_uptime: bool) -> Row:
    account = line.windows["90d"]
    known = with_uptime and account.coverage
    return Row(
        name=line.name,
        word=str(WORDS[line.standing]),
        css=CSS[line.standing],
        uptime=_("%(share)s uptime") % {"share": percent_text(account.ratio)} if known else "",
        coverage=coverage_text(account) if known and account.coverage != 1 else "",
        bar=bar_of(line.days, line.name) if with_uptime else "",
    )


def bar_of(days: Sequence[Day], name: str) -> SafeString:
    """The bar of 90 days; only days with an outage have words of their own, to weigh little."""
    bad = sum(day.account.down > 0 for day in days)
    words = ngettext(
        "%(name)s: %(n)d of the last %(all)d days with an outage",
        "%(name)s: %(n)d of the last %(all)d days with outages",
        bad,
    )
    label = words % {"name": name, "n": bad, "all": len(days)}
    return day_bar.svg([day.account for day in days], [_title(day) for day in days], label)


def _title(day: Day) -> str:
    if not day.account.down:
        return ""
    said = {"date": _date(day.start), "time": duration(day.account.down)}
    return _("%(date)s: %(time)s of outage") % said


def _incident(one: Incident) -> IncidentRow:
    lasted = duration((one.ended - one.began).total_seconds()) if one.ended else ""
    return IncidentRow(
        name=one.name,
        state=_("Resolved") if one.ended else _("Ongoing"),
        css="l-ok" if one.ended else "l-bad",
        began=_moment(one.began),
        ended=_moment(one.ended) if one.ended else None,
        lasted=lasted,
        words=[(_moment(told.at), told.text) for told in one.words],
    )


def _planned(one: Planned) -> PlannedRow:
    return PlannedRow(
        state=_("In progress") if one.under_way else _("Planned"),
        css="l-info" if one.under_way else "l-rest",
        names=about(one),
        began=_moment(one.began),
        ended=_moment(one.ended),
    )


def span_of(one: Planned) -> str:
    """From when to when, in words."""
    return _("From %(began)s to %(ended)s") % {"began": _minute(one.began), "ended": _minute(one.ended)}


def about(one: Planned) -> str:
    """Which services it is of."""
    return ", ".join(one.names) or _("All services")


def _moment(at: datetime) -> Moment:
    return Moment(iso=humanize.brief_iso(at), text=_minute(at))


def _minute(at: datetime) -> str:
    here = at.astimezone(settings.SHOWN_TIME_ZONE)
    return f"{here:%Y-%m-%d %H:%M} {here.tzname() or ''}".strip()


def _date(at: datetime) -> str:
    return f"{at.astimezone(settings.SHOWN_TIME_ZONE):%Y-%m-%d}"


def plain(board: Board) -> dict[str, Any]:
    """For programs."""
    return {
        "title": board.title,
        "state": board.overall.value,
        "as_of": humanize.brief_iso(board.as_of),
        "services": [_plain_line(line, board.show_uptime) for line in board.lines],
        "incidents": [
            {
                "service": one.name,
                "began_at": humanize.brief_iso(one.began),
                "ended_at": humanize.brief_iso(one.ended) or None,
                "updates": [{"at": humanize.brief_iso(told.at), "text": told.text} for told in one.words],
            }
            for one in board.incidents
        ],
        "maintenance": [
            {
                "services": list(one.names) or [line.name for line in board.lines],
                "starts_at": humanize.brief_iso(one.began),
                "ends_at": humanize.brief_iso(one.ended),
                "under_way": one.under_way,
            }
            for one in board.planned
        ],
    }


def _plain_line(line: Line, with_uptime: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"name": line.name, "id": line.slug, "state": line.standing.value}
    if with_uptime:
        said["uptime"] = {name: percent(one.ratio, DIGITS) for name, one in line.windows.items()}
        said["coverage"] = {name: percent(one.coverage, 1) for name, one in line.windows.items()}
    return said
