"""Charts as the page wants them: their words before, and their numbers as JSON when it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.monitoring.charts.columns import Chart
from lifecycle.monitoring.charts.figures import NOTHING_YET, Words
from lifecycle.monitoring.charts.marks import Mark, What
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.rollups.presenter import Filling
from lifecycle.pages import humanize
from registry.installation import sentences

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


def query_of(window: Window) -> str:
    """What asks for this window again."""
    if window.name:
        return f"range={window.name}"
    return urlencode({"from": int(window.start.timestamp()), "to": int(window.end.timestamp())})


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


def note(filling: Filling | None, charts: Mapping[str, Chart]) -> str:
    """Why figures are incomplete, while they are; or that there are none."""
    if filling:
        return filling.text
    return "" if any(chart.x for chart in charts.values()) else str(NOTHING_YET)
