"""The result: one line for each figure, with what is to be reached and the floor of the same run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEADINGS = ("what", "to reach", "measured", "floor")


@dataclass(frozen=True, kw_only=True)
class Line:
    """`value` is the measured number that `measured` shows, in `unit`; None where nothing was measured."""

    what: str
    reach: str = ""
    measured: str
    value: float | None
    unit: str = ""
    floor: str = ""


def line(
    what: str, value: float, unit: str, *, reach: str = "", floor: str = "", digits: int = 1, more: str = ""
) -> Line:
    """A line whose measured text is its number."""
    text = f"{value:,.{digits}f} {unit}".strip()
    shown = f"{text}, {more}" if more else text
    return Line(what=what, reach=reach, measured=shown, value=value, unit=unit, floor=floor)


def missing(what: str, why: str, *, reach: str = "") -> Line:
    """A line for what could not be measured here."""
    return Line(what=what, reach=reach, measured=f"not measured: {why}", value=None)


def rank(values: Iterable[float], share: float) -> float:
    """The value below which *share* of all lie; 0 without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """The least-squares slope of (x, y)."""
    if len(samples) < 2:
        return 0.0
    middle_x = sum(x for x, _ in samples) / len(samples)
    middle_y = sum(y for _, y in samples) / len(samples)
    spread = sum((x - middle_x) ** 2 for x, _ in samples)
    return sum((x - middle_x) * (y - middle_y) for x, y in samples) / spread if spread else 0.0


def as_text(lines: Sequence[Line]) -> str:
    """The table, as Markdown reads it too."""
    rows = [HEADINGS, *((one.what, one.reach, one.measured, one.floor) for one in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    drawn = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(drawn)


def as_data(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The table for other programs."""
    return [asdict(one) for one in lines]
