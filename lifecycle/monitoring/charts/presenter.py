"""Charts as the page wants them: their words before, and their numbers as JSON when it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.monitoring.charts.columns import Chart
from lifecycle.monitoring.charts.marks import Mark, What
from lifecycle.monitoring.charts.windows import WORDS, Window
from lifecycle.pages import humanize
from registry.installation import sentences, zones
from registry.models import Service, Transport

Words = str | Promise
TONES = ("bad", "warn", "info", "start", "rest")
BANDS = (What.OUTAGE, What.STOPPED, What.UNWATCHED, What.MAINTENANCE, What.MASS_FAILURE)
TONE_OF = {
    What.OUTAGE: "bad",
    What.MASS_FAILURE: "bad",
    What.STOPPED: "rest",
    What.UNWATCHED: "rest",
    What.MAINTENANCE: "info",
    What.RESTART: "start",
    What.REVISION: "info",
}
WORD_OF: dict[What, Words] = {
    What.OUTAGE: lazy("outage"),
    What.MASS_FAILURE: lazy("mass failure"),
    What.STOPPED: lazy("stopped"),
    What.UNWATCHED: lazy("not monitored"),
    What.MAINTENANCE: lazy("maintenance"),
    What.RESTART: lazy("restart"),
    What.REVISION: lazy("new configuration"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One line or bar: the column that it draws, its unit (ms, %, n, B) and the class of its colour."""

    key: str
    word: Words
    unit: str
    ink: str
    style: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One chart. `floor`: percentages that are looked at from just below the lowest up to 100."""

    name: str
    title: Words
    series: tuple[Series, ...]
    stacked: bool = False
    floor: bool = False


RESPONSE = Figure(
    name="response",
    title=lazy("Response time"),
    series=(
        Series(key="p50", word=lazy("p50"), unit="ms", ink="ink-accent", style="strong"),
        Series(key="p95", word=lazy("p95"), unit="ms", ink="ink-accent-2"),
        Series(key="p99", word=lazy("p99"), unit="ms", ink="ink-accent-3"),
    ),
)
CHECKS = Figure(
    name="checks",
    title=lazy("Checks"),
    stacked=True,
    series=(
        Series(key="healthy", word=lazy("healthy"), unit="n", ink="ink-green"),
        Series(key="warning", word=lazy("warning"), unit="n", ink="ink-warn"),
        Series(key="slow", word=lazy("slow"), unit="n", ink="ink-orange"),
        Series(key="failed", word=lazy("failed"), unit="n", ink="ink-bad"),
        Series(key="unknown", word=lazy("inconclusive"), unit="n", ink="ink-gap"),
    ),
)
AVAILABILITY = Figure(
    name="availability",
    title=lazy("Availability"),
    floor=True,
    series=(Series(key="serving", word=lazy("serving"), unit="%", ink="ink-ok", style="strong"),),
)
CALLS = Figure(
    name="calls",
    title=lazy("Tool calls"),
    series=(
        Series(key="calls", word=lazy("calls"), unit="n", ink="ink-accent-2", style="bars"),
        Series(key="error_rate", word=lazy("error rate"), unit="%", ink="ink-bad"),
    ),
)
PROCESS = Figure(
    name="process",
    title=lazy("CPU and memory"),
    series=(
        Series(key="cpu", word=lazy("CPU"), unit="%", ink="ink-accent"),
        Series(key="memory", word=lazy("memory"), unit="B", ink="ink-start"),
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """One choice of a range."""

    word: Words
    query: str
    href: str
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartsBox:
    """The part of a page in which charts are drawn; `live` names the event that tells of news."""

    title: str
    url: str
    query: str
    zone: str
    live: str
    figures: tuple[Figure, ...]
    ranges: list[Range]
    from_text: str
    to_text: str
    tones: tuple[str, ...] = TONES


def service_box(service: Service, window: Window) -> ChartsBox:
    """Of the page of one service."""
    program = (PROCESS,) if service.transport == Transport.STDIO else ()
    return ChartsBox(
        title=_("Charts"),
        url=reverse("service_charts", args=[service.name]),
        query=query_of(window),
        zone=str(zones.current()),
        live=f"service-more-{service.pk}",
        figures=(RESPONSE, CHECKS, AVAILABILITY, CALLS, *program),
        ranges=[
            Range(word=word, query=f"range={name}", href=f"?range={name}#charts", chosen=name == window.name)
            for name, word in WORDS.items()
        ],
        from_text=_typed(window.start),
        to_text=_typed(window.end),
    )


def fleet_box(window: Window) -> ChartsBox:
    """Of the overview, which has ranges of its own."""
    return ChartsBox(
        title=_("Response time, all services"),
        url=reverse("overview_charts"),
        query=query_of(window),
        zone=str(zones.current()),
        live="",
        figures=(RESPONSE,),
        ranges=[],
        from_text="",
        to_text="",
    )


def query_of(window: Window) -> str:
    """What asks for this window again."""
    if window.name:
        return f"range={window.name}"
    return urlencode({"from": int(window.start.timestamp()), "to": int(window.end.timestamp())})


def _typed(moment: datetime) -> str:
    """As a field for date and time wants it."""
    return f"{moment.astimezone(zones.current()):%Y-%m-%dT%H:%M}"


def answer(
    window: Window, charts: Mapping[str, Chart], marks: Sequence[Mark], note: str = ""
) -> dict[str, Any]:
    """The numbers as JSON; times in seconds since 1970. *note* says why something is missing."""
    return {
        "from": window.start.timestamp(),
        "to": window.end.timestamp(),
        "rolling": window.rolling,
        "note": note,
        "charts": {
            name: {"seconds": chart.seconds, "x": chart.x, "columns": chart.columns}
            for name, chart in charts.items()
        },
        "marks": [_mark(mark, window) for mark in marks],
    }


def _mark(mark: Mark, window: Window) -> dict[str, Any]:
    band = mark.what in BANDS
    return {
        "from": mark.start.timestamp(),
        "to": mark.end.timestamp() if mark.end else None,
        "band": band,
        "tone": TONE_OF[mark.what],
        "word": str(WORD_OF[mark.what]),
        "text": _told(mark, window.end),
    }


def _told(mark: Mark, now: datetime) -> str:
    word = str(WORD_OF[mark.what])
    parts = [word[:1].upper() + word[1:]]
    if mark.failing:
        parts.append(_("%(n)d of %(all)d services") % {"n": mark.failing, "all": mark.total})
    if mark.what in BANDS:
        lasted = humanize.lasting(max(((mark.end or now) - mark.start).total_seconds(), 1))
        parts.append(lasted if mark.end else _("%(span)s so far") % {"span": lasted})
    return " · ".join([*parts, *([sentences.said(mark.why)] if mark.why else [])])
