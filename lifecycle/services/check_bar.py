"""The bar of a service's last checks: one SVG, one path for each colour that occurs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lifecycle.core.health.verdict import LEVELS, Level

CHECKS = 60
STEP = 3
_CLASS = {Level.HEALTHY: "ok", Level.WARNING: "warn", Level.SLOW: "warn", Level.UNKNOWN: "gap"}


def colour(level: int) -> str:
    """The class of a bar: ok, warn, bad, or gap where the check could not tell."""
    return _CLASS.get(LEVELS[level], "bad") if level < len(LEVELS) else "gap"


def _runs(colours: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    at = CHECKS - len(colours)
    for name, group in groupby(colours):
        size = len(list(group))
        yield name, at, size
        at += size


def svg(levels: Sequence[int]) -> SafeString:
    """Oldest first, newest at the right edge. A run of bars is one dashed stroke: 60 alike cost 9 bytes."""
    return _svg(tuple(levels[-CHECKS:]), get_language())


@lru_cache(maxsize=1024)
def _svg(levels: tuple[int, ...], _language: str | None) -> SafeString:
    """Most services have the same bar as others: it is drawn once for each language."""
    colours = [colour(level) for level in levels]
    strokes: dict[str, str] = {}
    ends: dict[str, int] = {}
    for name, at, size in _runs(colours):
        start = at * STEP
        move = f"m{start - ends[name]} 0" if name in ends else f"M{start} 7"
        ends[name] = start + size * STEP - 1
        strokes[name] = f"{strokes.get(name, '')}{move}h{size * STEP - 1}"
    if len(strokes) > 1:
        # What would be longest is drawn below the others from end to end.
        longest = max(strokes, key=lambda name: len(strokes[name]))
        below = f"M{(CHECKS - len(colours)) * STEP} 7h{len(colours) * STEP - 1}"
        strokes = {longest: below, **{name: drawn for name, drawn in strokes.items() if name != longest}}
    paths = "".join(f'<path class="{name}" d="{drawn}"/>' for name, drawn in strokes.items())
    return format_html(
        '<svg class="beats" role="img" aria-label="{}">{}</svg>',
        _label(colours),
        mark_safe(paths),  # noqa: S308 - built from numbers and the four class names above
    )


def _label(colours: Sequence[str]) -> str:
    if not colours:
        return _("no checks yet")
    return _("%(good)d of %(all)d checks healthy") % {"good": colours.count("ok"), "all": len(colours)}
