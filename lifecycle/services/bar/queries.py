"""What the bar and its tips are made from, of one service."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, F

from lifecycle.models import CheckResult
from lifecycle.services.bar.spans import SPAN_MS, SPANS, Bar, first_span, look, worst


@dataclass(frozen=True, slots=True)
class Span:
    """Two minutes of one service: how many checks of each level, and their mean response in ms."""

    begins_s: int
    levels: Counter[int]
    response_ms: float | None = None


def spans_of(service_id: int, now: datetime) -> list[Span]:
    """The last hour, oldest first; those without a check too."""
    first = first_span(now.timestamp())
    checks = CheckResult.objects.filter(service=service_id, at__gte=first * SPAN_MS)
    spans = checks.annotate(span=F("at") / SPAN_MS).order_by().values("span", "level")
    levels: dict[int, Counter[int]] = {}
    answered: dict[int, list[tuple[float, int]]] = {}
    for row in spans.annotate(n=Count("at"), timed=Count("ms"), ms=Avg("ms")):
        levels.setdefault(row["span"], Counter())[row["level"]] += row["n"]
        if row["timed"]:
            answered.setdefault(row["span"], []).append((float(row["ms"]), row["timed"]))
    return [
        Span(number * SPAN_MS // 1000, levels.get(number, Counter()), _mean(answered.get(number, [])))
        for number in range(first, first + SPANS)
    ]


def _mean(answered: list[tuple[float, int]]) -> float | None:
    count = sum(n for _, n in answered)
    return sum(ms * n for ms, n in answered) / count if count else None


def bar_of(spans: list[Span]) -> Bar:
    """The bar that these make."""
    counted = sum((span.levels for span in spans), Counter[int]())
    good = sum(n for level, n in counted.items() if look(level) == "ok")
    return Bar(tuple(worst(map(look, span.levels)) for span in spans), good, counted.total())
