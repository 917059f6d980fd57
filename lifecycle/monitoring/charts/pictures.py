"""The first picture of each chart, which stands there until somebody wants to do something with it.

What is chosen here and drawn in `lifecycle/core/pictures` is as `static/js/charts/charts.js` has it: where
that takes over, nothing moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.dateformat import format as formatted
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lifecycle.core.pictures import drawing, numbers, paths, scales
from lifecycle.core.pictures.drawing import Frame, Time
from lifecycle.core.pictures.paths import Column
from lifecycle.monitoring.charts import figures, marks, presenter, queries
from lifecycle.monitoring.charts.columns import Chart
from lifecycle.monitoring.charts.figures import Figure, Series
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.rollups import presenter as rollups
from registry.installation import sentences, zones
from registry.models import Service

MARKS_TOLD = 12
Words = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One series of a figure, with its latest value in words."""

    of: Series
    value: str = numbers.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One figure; `svg` is empty until its numbers are there."""

    figure: Figure
    lines: list[Line]
    hidden: bool
    at: str = ""
    svg: SafeString = field(default_factory=SafeString)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A line below the charts: what happened, and when."""

    tone: str
    iso: str
    at: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """All figures of a page, and what has to be said of them; without any while they are waited for."""

    url: str
    css: str = ""
    shown: Sequence[Shown] = ()
    said: str = ""
    told: Sequence[Told] = ()


def awaited(service: Service | None, window: Window) -> Pictures:
    """Before the numbers are there: the room that they will take."""
    return Pictures(url=_url(service, window), css="awaited" if service else "awaited one")


def of_service(service: Service, window: Window, now: datetime) -> Pictures:
    """All of one service."""
    past = queries.past_of(service, window, now)
    charts = queries.of_service(service, window, past, now)
    happened = marks.of_service(service, past, window.start, window.end)
    said = presenter.answer(window, {}, happened, presenter.note(rollups.filling(), charts))
    return _drawn(service, window, charts, said)


def of_fleet(window: Window, now: datetime) -> Pictures:
    """Of all services together."""
    charts = queries.of_fleet(window)
    happened = marks.of_fleet(window.start, window.end)
    said = presenter.answer(window, {}, happened, presenter.note(rollups.fleet_filling(now), charts))
    return _drawn(None, window, charts, said)


def _url(service: Service | None, window: Window) -> str:
    address = reverse("service_pictures", args=[service.name]) if service else reverse("overview_pictures")
    return f"{address}?{presenter.query_of(window)}&seen="


def _drawn(
    service: Service | None, window: Window, charts: Mapping[str, Chart], answer: Mapping[str, Any]
) -> Pictures:
    """From the *charts* and what else the page's script would get as the *answer*."""
    all_figures = figures.of_service(service) if service else figures.OF_FLEET
    frame = _frame(window, answer["marks"])
    seen = [figure for figure in all_figures if figure.name in charts]
    return Pictures(
        url=_url(service, window),
        shown=[
            _shown(figure, charts.get(figure.name), window, frame, named=seen[:1] == [figure])
            for figure in all_figures
        ],
        said=answer["note"],
        told=[_told(mark) for mark in reversed(answer["marks"][-MARKS_TOLD:])],
        css="two" if any(len({one.unit for one in figure.series}) > 1 for figure in seen) else "",
    )


def _shown(figure: Figure, chart: Chart | None, window: Window, frame: Frame, named: bool) -> Shown:
    if chart is None:
        return Shown(figure=figure, lines=[Line(of=one) for one in figure.series], hidden=True)
    columns = [chart.columns.get(one.key, [None] * len(chart.x)) for one in figure.series]
    at = _latest(columns)
    values = [column[at] if at >= 0 else None for column in columns]
    start, end = window.start.timestamp(), window.end.timestamp()
    size = chart.seconds or 1
    svg = drawing.svg(
        _series(figure, columns),
        frame,
        label=_label(figure, columns, values),
        first=(chart.x[0] - start) / size if chart.x else 0,
        points=(end - start) / size,
        floor=figure.floor,
        named=named,
    )
    return Shown(
        figure=figure,
        lines=[
            Line(of=one, value=numbers.said(value, one.unit))
            for one, value in zip(figure.series, values, strict=True)
        ],
        hidden=False,
        at=_moment(chart.x[at]) if at >= 0 else "",
        svg=mark_safe(svg),  # noqa: S308 - its words are escaped
    )


def _series(figure: Figure, columns: Sequence[Column]) -> list[drawing.Series]:
    """As they are drawn: of a stack the tallest first, and nothing of what never was."""
    if not figure.stacked:
        return [
            drawing.Series(column=column, unit=one.unit, ink=one.ink, style=one.style)
            for one, column in zip(figure.series, columns, strict=True)
        ]
    sums = list(zip(figure.series, columns, paths.stacked(columns), strict=True))
    drawn = [
        drawing.Series(column=tall, unit=one.unit, ink=one.ink, style="bars")
        for one, own, tall in reversed(sums)
        if any(own)
    ]
    return drawn or [drawing.Series(column=[], unit=figure.series[0].unit, ink="", style="bars")]


def _latest(columns: Sequence[Column]) -> int:
    """Where the last value of any stands, or -1."""
    length = len(columns[0]) if columns else 0
    return next(
        (at for at in reversed(range(length)) if any(column[at] is not None for column in columns)), -1
    )


def _label(figure: Figure, columns: Sequence[Column], latest: Sequence[float | None]) -> str:
    """What one sees at first sight: the latest and the extremes, or the sum where there is no other sense."""
    told = []
    for one, column, last in zip(figure.series, columns, latest, strict=True):
        known = [value for value in column if value is not None]
        words: Words = {"word": sentences.said(one.word), "last": numbers.said(last, one.unit)}
        if not known:
            continue
        if one.unit == "n":
            words["sum"] = numbers.said(sum(known), "n")
            told.append(_("%(word)s %(sum)s") % words)
            continue
        words |= {"least": numbers.said(min(known), one.unit), "most": numbers.said(max(known), one.unit)}
        told.append(_("%(word)s %(last)s, between %(least)s and %(most)s") % words)
    title = sentences.said(figure.title)
    return _("%(title)s: %(figures)s") % {
        "title": title,
        "figures": sentences.mark("; ").join(told) or _("no data"),
    }


def _frame(window: Window, happened: Sequence[Mapping[str, Any]]) -> Frame:
    start, end = window.start.timestamp(), window.end.timestamp()
    zone, seconds = zones.current(), end - start
    steps = [scales.time_step(seconds, width) for width in drawing.WIDTHS]
    by_step = {step: [_time(tick) for tick in scales.ticks(start, end, step, zone)] for step in steps}
    return Frame(
        times=[by_step[step] for step in steps],
        marks=[
            drawing.Mark(
                start=(mark["from"] - start) / seconds,
                end=((mark["to"] or end) - start) / seconds if mark["band"] else None,
                tone=mark["tone"],
                word=mark["word"],
            )
            for mark in happened
        ],
    )


def _time(tick: scales.Tick) -> Time:
    words = [f"{tick.here:%H:%M}"] if tick.timed else []
    if tick.dated:
        words.append(formatted(tick.here, pgettext("a day below a chart, as Django writes dates", "M j")))
    return Time(share=tick.share, words=tuple(words))


def _moment(seconds: float) -> str:
    here = datetime.fromtimestamp(seconds, zones.current())
    return formatted(here, pgettext("a moment in a chart, as Django writes dates", "M j, H:i"))


def _told(mark: Mapping[str, Any]) -> Told:
    here = datetime.fromtimestamp(mark["from"], zones.current())
    return Told(tone=mark["tone"], iso=here.isoformat(), at=_moment(mark["from"]), text=mark["text"])
