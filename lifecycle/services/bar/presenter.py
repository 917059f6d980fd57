"""The bar of the last hour: one SVG, one path for each colour that occurs; and a tip for each span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.pages import humanize
from lifecycle.services.bar.queries import Span
from lifecycle.services.bar.spans import SPAN_MS, Bar
from registry.installation import zones

STEP = 6
LEVEL_WORDS = {
    Level.HEALTHY: lazy("healthy"),
    Level.WARNING: lazy("warning"),
    Level.SLOW: lazy("slow"),
    Level.UNHEALTHY: lazy("unhealthy"),
    Level.DISCONNECTED: lazy("disconnected"),
    Level.RECONNECTING: lazy("reconnecting"),
    Level.FAILED: lazy("failed"),
    Level.UNKNOWN: lazy("inconclusive"),
}


def svg(bar: Bar) -> SafeString:
    """Oldest first, newest at the right edge. A run of spans alike is one dashed stroke of 9 bytes."""
    return _svg(bar, get_language())


@lru_cache(maxsize=2048)
def _svg(bar: Bar, _language: str | None) -> SafeString:
    """Most services have the same bar as others: it is drawn once for each language."""
    strokes: dict[str, str] = {}
    ends: dict[str, int] = {}
    for name, at, size in _runs(bar.looks):
        start = at * STEP
        move = f"m{start - ends[name]} 0" if name in ends else f"M{start} 7"
        ends[name] = start + size * STEP - 1
        strokes[name] = f"{strokes.get(name, '')}{move}h{size * STEP - 1}"
    paths = "".join(
        f'<path class="{name}" d="{drawn}"/>' for name, drawn in _shortened(bar.looks, strokes).items()
    )
    return format_html(
        '<svg class="beats" role="img" aria-label="{}">{}</svg>',
        _label(bar),
        mark_safe(paths),  # noqa: S308 - built from numbers and the four class names
    )


def _runs(looks: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    at = 0
    for name, group in groupby(looks):
        size = len(list(group))
        if name:
            yield name, at, size
        at += size


def _shortened(looks: Sequence[str], strokes: dict[str, str]) -> dict[str, str]:
    """Where no span is empty between, what would be longest is drawn below the others from end to end."""
    filled = [at for at, name in enumerate(looks) if name]
    if len(strokes) < 2 or filled[-1] - filled[0] + 1 != len(filled):
        return strokes
    longest = max(strokes, key=lambda name: len(strokes[name]))
    below = f"M{filled[0] * STEP} 7h{len(filled) * STEP - 1}"
    return {longest: below, **{name: drawn for name, drawn in strokes.items() if name != longest}}


def _label(bar: Bar) -> str:
    if not bar.all:
        return _("no checks in the last hour")
    if bar.good == bar.all:
        return _("last hour: all checks healthy")
    return _("last hour: %(good)d of %(all)d checks healthy") % {"good": bar.good, "all": bar.all}


def tips(spans: Sequence[Span]) -> list[list[str]]:
    """For each span the lines of its tip: when, which checks, how quickly they were answered."""
    return [_tip(span) for span in spans]


def _tip(span: Span) -> list[str]:
    begin, end = (
        datetime.fromtimestamp(span.begins_s + more, zones.current()) for more in (0, SPAN_MS // 1000)
    )
    words = {"begin": f"{begin:%H:%M}", "end": f"{end:%H:%M} {zones.abbreviation(end)}"}
    lines = [_("%(begin)s to %(end)s") % words, _checks(span)]
    if span.response_ms is not None:
        lines.append(_("Response %(time)s on average") % {"time": humanize.milliseconds(span.response_ms)})
    return lines


def _checks(span: Span) -> str:
    count = span.levels.total()
    if not count:
        return _("No checks")
    words = [
        _("%(n)d %(level)s") % {"n": n, "level": _word(level)} for level, n in sorted(span.levels.items())
    ]
    checks = ngettext("%(n)d check: %(levels)s", "%(n)d checks: %(levels)s", count)
    return checks % {"n": count, "levels": ", ".join(words)}


def _word(level: int) -> str:
    return str(LEVEL_WORDS[LEVELS[level] if level < len(LEVELS) else Level.UNKNOWN])
