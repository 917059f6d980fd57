"""The page of alerts that are over, and the same as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from lifecycle.alerts.episodes.listing.history import queries
from lifecycle.alerts.episodes.listing.history.queries import Wanted
from lifecycle.alerts.presenter import ENDINGS, LEVELS, Moment, moment, url_of, who_of
from lifecycle.models import AlertRule, Episode
from lifecycle.monitoring.export.as_csv import line
from lifecycle.pages.humanize import lasting
from lifecycle.pages.paging import page_number, page_of
from lifecycle.pages.reading import streaming
from registry.access.roles import require
from registry.models import Role

PAGE_SIZE = 50
COLUMNS = (
    "id",
    "service",
    "rule",
    "level",
    "began",
    "fired",
    "resolved",
    "seconds",
    "ending",
    "ended_by",
    "acknowledged",
    "acknowledged_by",
    "notes",
    "messages_delivered",
    "summary",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One alert that is over."""

    row: Episode
    who: str
    url: str
    level: str
    level_css: str
    ended: Moment
    began: Moment
    lasted: str
    ending: str
    notes: str
    sent: str


@require(Role.VIEWER)
@require_safe
def alert_history(request: HttpRequest) -> HttpResponse:
    """What ended last first, in pages; filters are in the address."""
    wanted, now = queries.wanted(request.GET), timezone.now()
    keys = queries.search(wanted).values_list("pk", flat=True)
    page = page_of(keys, keys.count(), page_number(request.GET.get("page", "")), PAGE_SIZE)
    given = wanted.given()
    context: dict[str, Any] = {
        "rows": [_line(row, now) for row in queries.rows_of(page.rows)],
        "page": page,
        "wanted": given,
        "query": urlencode(given),
        "rules": AlertRule.objects.order_by("name").only("pk", "name"),
        "levels": [(value, words[0]) for value, words in LEVELS.items()],
        "people": queries.acknowledgers(),
    }
    return render(request, "lifecycle/alerts/alert_history.html", context)


def _line(row: Episode, now: datetime) -> Line:
    assert row.resolved_at is not None
    level, css = LEVELS[row.rule.level]
    notes, sent = getattr(row, "notes_count", 0), getattr(row, "sent", 0)
    why = str(ENDINGS.get(row.ending, ""))
    if row.ended_by:
        why = _("%(why)s, by %(who)s") % {"why": why, "who": row.ended_by}
    return Line(
        row=row,
        who=who_of(row.subject),
        url=url_of(row.subject),
        level=str(level),
        level_css=css,
        ended=moment(row.resolved_at, now),
        began=moment(row.opened_at, now),
        lasted=lasting(row.resolved_at - row.opened_at),
        ending=why,
        notes=ngettext("%(n)d note", "%(n)d notes", notes) % {"n": notes} if notes else "",
        sent=ngettext("%(n)d delivered", "%(n)d delivered", sent or 0) % {"n": sent or 0},
    )


@require(Role.VIEWER)
@require_safe
def alert_history_csv(request: HttpRequest) -> HttpResponseBase:
    """All that the search finds, made while it is sent."""
    wanted = queries.wanted(request.GET)
    try:
        return streaming.answer(request, lambda: _table(wanted), "text/csv; charset=utf-8", "alerts.csv")
    except streaming.BusyError:
        said = _("Other exports are in progress. Try again in a minute.")
        return HttpResponse(said, content_type="text/plain; charset=utf-8", status=503)


def _table(wanted: Wanted) -> Iterator[str]:
    yield line(COLUMNS)
    for row in queries.every(wanted):
        yield line(_cells(row))


def _cells(row: Episode) -> list[Any]:
    assert row.resolved_at is not None
    return [
        row.pk,
        row.subject.name,
        row.rule.name,
        row.rule.level,
        row.opened_at,
        row.fired_at,
        row.resolved_at,
        round((row.resolved_at - row.opened_at).total_seconds()),
        row.ending,
        row.ended_by,
        row.acknowledged_at,
        row.acknowledged_by,
        getattr(row, "notes_count", 0) or 0,
        getattr(row, "sent", 0) or 0,
        row.summary,
    ]
