"""Columns of numbers as the `d` of SVG paths: a unit across for each point, a unit down for each pixel. Pure.

Heights are whole pixels and strokes relative, so that what is alike is written alike and packed to little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

HEIGHT = 130
WIDE, BARS_APART = 0.86, 75
"""Of a point, what its bar takes; with more of them, the space between would be less than a pixel."""

Column = Sequence[float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """What stands at the bottom of a drawing and at its top."""

    low: float
    high: float

    def down(self, value: float) -> int:
        """Pixels from the top."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(HEIGHT - share * HEIGHT)


def line(column: Column, scale: Scale) -> str:
    """From point to point; a new stroke after each gap, and nothing for a point without neighbours."""
    strokes = (_stroke(start, heights) for start, heights in _runs(column, scale) if len(heights) > 1)
    return "".join(strokes)


def dots(column: Column, scale: Scale) -> str:
    """The points without neighbours, which no line shows: strokes of no length, for round ends."""
    alone = ((start, heights[0]) for start, heights in _runs(column, scale) if len(heights) == 1)
    return "".join(f"M{x} {y}h0" for x, y in alone)


def bars(column: Column, scale: Scale) -> str:
    """From the bottom, each as wide as its point; nothing where there is none, or less than a pixel."""
    heights = [0 if value is None else HEIGHT - scale.down(value) for value in column]
    if len(heights) <= BARS_APART:
        return "".join(_bar(x, height) for x, height in enumerate(heights) if height > 0)
    return "".join(_hills(heights))


def stacked(columns: Sequence[Column]) -> list[Column]:
    """Each with those before it below; None where it has none itself."""
    found: list[Column] = []
    sums = [0.0] * (len(columns[0]) if columns else 0)
    for column in columns:
        sums = [below + (value or 0) for below, value in zip(sums, column, strict=True)]
        found.append([None if value is None else all_ for value, all_ in zip(column, sums, strict=True)])
    return found


def upright(at: float) -> str:
    """From top to bottom."""
    return f"M{brief(at)} 0v{HEIGHT}"


def band(start: float, width: float) -> str:
    """From top to bottom, as wide as that."""
    return f"{upright(start)}h{brief(width)}V0z"


def brief(number: float) -> str:
    """With at most two digits behind the point, and without a zero that says nothing."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return (
        "0" if text in ("-0", "") else text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
    )


def _runs(column: Column, scale: Scale) -> Iterator[tuple[int, list[int]]]:
    """Where each row of points without a gap starts, and their heights from the top."""
    for known, group in groupby(enumerate(column), key=lambda point: point[1] is not None):
        if known:
            points = [(x, scale.down(value)) for x, value in group if value is not None]
            yield points[0][0], [y for _x, y in points]


def _stroke(start: int, heights: Sequence[int]) -> str:
    drawn, letter = f"M{start} {heights[0]}", ""
    for flat, group in groupby(
        (after - before for before, after in pairwise(heights)), key=lambda by: by == 0
    ):
        if flat:
            drawn, letter = f"{drawn}h{len(list(group))}", "h"
            continue
        for by in group:
            drawn += f"{'l' if letter != 'l' else ' '}1{'' if by < 0 else ' '}{by}"
            letter = "l"
    return drawn


def _bar(x: int, height: int) -> str:
    return f"M{x} {HEIGHT}v-{height}h{brief(WIDE)}v{height}z"


def _hills(heights: Sequence[int]) -> Iterator[str]:
    """Outlines of bars that stand side by side."""
    at, before = 0, 0
    for height, group in groupby(heights):
        wide = len(list(group))
        if height > 0:
            begin = "" if before > 0 else f"M{at} {HEIGHT}"
            yield f"{begin}v{before - height}h{wide}"
        elif before > 0:
            yield f"V{HEIGHT}z"
        at, before = at + wide, height
    if before > 0:
        yield f"V{HEIGHT}z"
