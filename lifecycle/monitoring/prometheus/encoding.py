"""Families as text, in Prometheus' own format or as OpenMetrics.

prometheus-client writes the same at ten times the cost, and a scrape of 2,000 services has 50,000 lines.
Its parsers read what is written here in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from lifecycle.core.monitoring.sketch import LARGEST, PER_DOUBLING, SMALLEST, Sketch

DOUBLINGS = range(15)
"""Bounds of 1 ms to 16 s: each is a bound of the sketch too, so the counts are exact."""
BOUNDS = (*(repr(2**doubling / 1000) for doubling in DOUBLINGS), "+Inf")
SLOT = {
    bucket: min(max(-(-bucket // PER_DOUBLING), 0), len(DOUBLINGS)) for bucket in range(SMALLEST, LARGEST + 1)
}
GAUGE, COUNTER, HISTOGRAM = "gauge", "counter", "histogram"
Labels = Sequence[str]
Key = Any
"""The values of the labels, a tuple of texts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Values by their labels: numbers, or for a histogram a sketch and the sum in ms."""

    kind: str
    name: str
    about: str
    labels: Labels
    values: Mapping[Key, Any]


def text(families: Iterable[Family], *, openmetrics: bool) -> str:
    """All of them, one after the other."""
    lines: list[str] = []
    for family in families:
        total = "_total" if family.kind == COUNTER else ""
        named = family.name if openmetrics else family.name + total
        lines.append(f"# HELP {named} {_escaped(family.about)}\n# TYPE {named} {family.kind}\n")
        if family.kind == HISTOGRAM:
            for key, (sketch, sum_ms) in family.values.items():
                lines += _histogram(family.name, _labelled(family.labels, key), sketch, sum_ms)
        else:
            lines += _plain(family.name + total, family)
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines)


def _plain(name: str, family: Family) -> Iterator[str]:
    for key, value in family.values.items():
        labels = _labelled(family.labels, key)
        yield f"{name}{{{labels}}} {value!r}\n" if labels else f"{name} {value!r}\n"


def _histogram(name: str, labels: str, sketch: Sketch, sum_ms: float) -> Iterator[str]:
    before = f'{name}_bucket{{{labels}{"," if labels else ""}le="'
    below = counts(sketch)
    yield from [f'{before}{bound}"}} {count}\n' for bound, count in zip(BOUNDS, below, strict=True)]
    of = f"{{{labels}}}" if labels else ""
    yield f"{name}_count{of} {below[-1]}\n{name}_sum{of} {sum_ms / 1000!r}\n"


def counts(sketch: Sketch) -> list[int]:
    """How many lie at or below each of BOUNDS; the last counts all."""
    found = [0] * len(BOUNDS)
    for bucket, count in sketch.items():
        found[SLOT[bucket]] += count
    return list(accumulate(found))


def _labelled(labels: Labels, key: Key) -> str:
    return ",".join([f'{label}="{_quoted(value)}"' for label, value in zip(labels, key, strict=True)])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
