"""A chart as one SVG: no colour and no size but by class, so that it fits its place and its theme. Pure.

It is as wide as its place, and what is stretched are only strokes, which keep their width. Times stand there
for several widths, of which the stylesheet shows one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from lifecycle.core.pictures import numbers, paths, scales
from lifecycle.core.pictures.paths import HEIGHT, Column, Scale, brief

T = TypeVar("T")
WHOLE = 1000
"""Units across, for what is not by points."""
LEAST_BAND = 3
WIDTHS = (192, 384, 512, 768)
"""The least pixels across for which times are chosen; the stylesheet (charts.css) has the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A column, its unit, the class of its colour, and its style: a line, a "strong" one, or "bars"."""

    column: Column
    unit: str
    ink: str
    style: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """From a share of the width to another; a line where it has no width."""

    start: float
    end: float | None
    tone: str
    word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Time:
    """What stands below a share of the width, in one or two lines."""

    share: float
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What all charts of a page share: their times by width, and what happened meanwhile."""

    times: Sequence[Sequence[Time]]
    marks: Sequence[Mark] = ()


def svg(
    series: Sequence[Series],
    frame: Frame,
    *,
    label: str,
    first: float = 0,
    points: float = 0,
    floor: bool = False,
    named: bool = False,
) -> str:
    """*points* fit into the width; those of the series begin at *first*. *named*: marks with their words."""
    units = list(dict.fromkeys(one.unit for one in series))
    by_unit = {unit: scales.of([s.column for s in series if s.unit == unit], unit, floor) for unit in units}
    parts = [
        _nested(f"0 0 {WHOLE}", _bands(frame.marks)),
        _nested(f"0 0 {WHOLE}", _grid(by_unit[units[0]]) + _notches(frame.times)),
        _nested(f"{brief(-first)} 0 {brief(points or 1)}", "".join(_drawn(one, by_unit) for one in series)),
        _moments(frame.marks),
        "".join(_axis(scale, unit, n) for n, (unit, scale) in enumerate(by_unit.items())),
        _times(frame.times),
        _words(frame.marks) if named else "",
    ]
    css = "picture two" if len(units) > 1 else "picture"
    return f'<svg class="{css}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _nested(box: str, drawn: str) -> str:
    return f'<svg viewBox="{box} {HEIGHT}" preserveAspectRatio="none">{drawn}</svg>' if drawn else ""


def _path(css: str, d: str) -> str:
    return f'<path class="{css}" d="{d}"/>' if d else ""


def _drawn(one: Series, by_unit: dict[str, Scale]) -> str:
    scale = by_unit[one.unit]
    if one.style == "bars":
        return _path(f"bars {one.ink}", paths.bars(one.column, scale))
    line = _path(f"{one.style} {one.ink}".strip(), paths.line(one.column, scale))
    return line + _path(f"dots {one.ink}", paths.dots(one.column, scale))


def _bands(marks: Sequence[Mark]) -> str:
    tones: dict[str, str] = {}
    for mark in marks:
        if mark.end is not None:
            start = max(mark.start, 0) * WHOLE
            wide = max(min(mark.end, 1) * WHOLE - start, LEAST_BAND)
            tones[mark.tone] = tones.get(mark.tone, "") + paths.band(start, wide)
    return "".join(_path(f"bars ink-soft-{tone}", d) for tone, d in tones.items())


def _moments(marks: Sequence[Mark]) -> str:
    seen = (mark for mark in marks if mark.end is None and 0 <= mark.start <= 1)
    lines = "".join(_path(f"mark ink-{mark.tone}", paths.upright(mark.start * WHOLE)) for mark in seen)
    return _nested(f"0 0 {WHOLE}", lines)


def _grid(scale: Scale) -> str:
    return _path("ink-line", "".join(f"M0 {scale.down(value)}h{WHOLE}" for value in scales.lines(scale)))


def _notches(times: Sequence[Sequence[Time]]) -> str:
    """Short strokes above the times."""
    seen = _widths([round(time.share * WHOLE) for time in some] for some in times)
    drawn: dict[str, str] = {}
    for share, css in seen.items():
        drawn[css] = f"{drawn.get(css, '')}M{share} {HEIGHT}v5"
    return "".join(_path(f"ink-line {css}", d) for css, d in drawn.items())


def _widths(by_width: Iterable[Iterable[T]]) -> dict[T, str]:
    """Everything once, with the classes of the widths that it is for."""
    seen: dict[T, str] = {}
    for n, some in enumerate(by_width):
        for one in some:
            seen[one] = f"{seen[one]} t{n}" if one in seen else f"t{n}"
    return seen


def _axis(scale: Scale, unit: str, n: int) -> str:
    css, place = ("r", 'x="100%" dx="6"') if n else ("y", 'x="-6"')
    return "".join(
        f'<text class="{css}" {place} y="{scale.down(value)}">{numbers.said(value, unit, short=True)}</text>'
        for value in scales.lines(scale)
    )


def _times(times: Sequence[Sequence[Time]]) -> str:
    """Below, those of each width."""
    seen = _widths([(_percent(time.share), time.words) for time in some] for some in times)
    return "".join(
        f'<text class="{css}" x="{at}%" y="{HEIGHT + 19 + 16 * row}">{escape(word)}</text>'
        for (at, words), css in seen.items()
        for row, word in enumerate(words)
    )


def _words(marks: Sequence[Mark]) -> str:
    """Above, those that have room in each width."""
    shown = [(mark.start, mark.word) for mark in marks if mark.start <= 1 and (mark.end or mark.start) >= 0]
    inks = {mark.word: mark.tone for mark in marks}
    seen = _widths(
        [(_percent(at), word) for at, word in scales.words_apart(shown, width)] for width in WIDTHS
    )
    return "".join(
        f'<text class="w ink-{inks[word]} {css}" x="{at}%" y="-6">{escape(word)}</text>'
        for (at, word), css in seen.items()
    )


def _percent(share: float) -> str:
    return brief(round(share * WHOLE) / 10)
