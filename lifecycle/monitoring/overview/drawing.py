"""The strip of the fleet and the sparklines, drawn by the server; no colour but by class."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, LEAST, BETWEEN = 1000.0, 6.0, 2.0
SPARK = (86, 24)
SPARK_POINTS = 48


def strip(parts: Sequence[tuple[str, str, int]], label: str) -> SafeString:
    """Parts of a whole side by side: class, word and count of each; small ones stay visible."""
    seen = [part for part in parts if part[2]]
    total = sum(count for _css, _word, count in seen)
    room = WIDTH - BETWEEN * max(len(seen) - 1, 0)
    wide = [max(count / total * room, LEAST) for _css, _word, count in seen]
    scale = room / sum(wide) if wide else 1
    rects, at = [], 0.0
    for (css, word, count), size in zip(seen, wide, strict=True):
        rects.append((css, f"{at:.1f}", f"{size * scale:.1f}", f"{word} {count:,}"))
        at += size * scale + BETWEEN
    drawn = format_html_join(
        "", '<rect class="{}" x="{}" y="0" width="{}" height="10"><title>{}</title></rect>', rects
    )
    return format_html(
        '<svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}</svg>",
        label,
        drawn,
    )


def spark(values: Sequence[float | None], low: float | None = None) -> SafeString:
    """A line without words, its highest value at the top; nothing where there is hardly a value."""
    thin = _thinned(values)
    known = [value for value in thin if value is not None]
    if len(known) < 2:
        return SafeString("")
    least, most = min(known) if low is None else min(low, min(known)), max(known)
    width, height = SPARK
    spread = (most - least) or 1.0
    step = width / (len(thin) - 1)
    points = [
        None if value is None else (n * step, height - 2 - (value - least) / spread * (height - 4))
        for n, value in enumerate(thin)
    ]
    line = _path(points)
    first = next(point for point in points if point)
    last = next(point for point in reversed(points) if point)
    area = f"M{first[0]:.1f} {height}" + line.replace("M", "L") + f"L{last[0]:.1f} {height}Z"
    paths = f'<path class="area" d="{area}"/><path d="{line}"/>'
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        width,
        height,
        mark_safe(paths),  # noqa: S308 - built from numbers alone
    )


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """A new stroke after each gap."""
    drawn, pen = "", "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        drawn += f"{pen}{point[0]:.1f} {point[1]:.1f}"
        pen = "L"
    return drawn


def _thinned(values: Sequence[float | None]) -> list[float | None]:
    """At most so many, each the mean of its neighbours: more would not be seen."""
    size = -(-len(values) // SPARK_POINTS)
    if size <= 1:
        return list(values)
    parts = (values[start : start + size] for start in range(0, len(values), size))
    return [_mean([value for value in part if value is not None]) for part in parts]


def _mean(known: Sequence[float]) -> float | None:
    return sum(known) / len(known) if known else None
