"""Gauges rolled up by time: of each the number of samples, their sum and the highest."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_ONE = struct.Struct("<Idd")


class GaugesError(ValueError):
    """These bytes are no gauges."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Samples of one figure; `mean` is None where there is none."""

    n: int = 0
    total: float = 0.0
    most: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def max(self) -> float | None:
        return self.most if self.n else None


Gauges = Mapping[str, Gauge]
NOTHING = Gauge()


def sampled(values: Mapping[str, float | None]) -> dict[str, Gauge]:
    """One sample of each figure that is known."""
    return {name: Gauge(1, value, value) for name, value in values.items() if value is not None}


def merged(many: Iterable[Gauges]) -> dict[str, Gauge]:
    """All samples together; in whatever order, the counts and highest are the same."""
    found: dict[str, Gauge] = {}
    for gauges in many:
        for name, one in gauges.items():
            found[name] = _added(found[name], one) if name in found else one
    return found


def _added(one: Gauge, other: Gauge) -> Gauge:
    if not (one.n and other.n):
        return one if one.n else other
    return Gauge(one.n + other.n, one.total + other.total, max(one.most, other.most))


def pack(gauges: Gauges, names: Sequence[str]) -> bytes:
    """20 bytes for each of *names*, in that order; others are left out."""
    found = (gauges.get(name, NOTHING) for name in names)
    return b"".join(_ONE.pack(one.n, one.total, one.most) for one in found)


def unpack(data: bytes, names: Sequence[str]) -> dict[str, Gauge]:
    """What `pack` made with the same names, or with the first of them; GaugesError for anything else."""
    if len(data) % _ONE.size or len(data) > len(names) * _ONE.size:
        raise GaugesError(f"{len(data)} bytes are not {len(names)} gauges")
    found = (Gauge(*values) for values in _ONE.iter_unpack(data))
    return {name: one for name, one in zip(names, found, strict=False) if one.n}


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """From where on a host is too busy, in percent."""

    cpu: float
    memory: float
    disk: float

    def over(self, percents: Mapping[str, float | None]) -> tuple[str, ...]:
        """Which of cpu, memory and disk are above their threshold."""
        known = ((name, percents.get(name), getattr(self, name)) for name in ("cpu", "memory", "disk"))
        return tuple(name for name, percent, limit in known if percent is not None and percent > limit)
