"""What the checks of the last hour amount to, by spans of two minutes that begin at even minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.models import CheckResult

SPANS: Final = 30
SPAN_MS: Final = 120_000
KIND: Final = 0
_PLACES: Final = 16  # of levels, beside which a number of checks fits into one column
_LOOKS: Final = {Level.HEALTHY: "ok", Level.WARNING: "warn", Level.SLOW: "warn", Level.UNKNOWN: "gap"}
_WORST_LAST: Final = ("", "gap", "ok", "warn", "bad")
_SELECT: Final = f"""
SELECT {KIND}, service_id, at / {SPAN_MS}, COUNT(*) * {_PLACES} + level, ''
FROM {CheckResult._meta.db_table} WHERE service_id IN ({{ids}}) AND at >= %s
GROUP BY service_id, at / {SPAN_MS}, level"""  # noqa: S608


def look(level: int) -> str:
    """The class of a check: ok, warn, bad, or gap where it could not tell."""
    return _LOOKS.get(LEVELS[level], "bad") if level < len(LEVELS) else "gap"


def worst(looks: Iterable[str]) -> str:
    """The worst class; empty for none."""
    return max(looks, key=_WORST_LAST.index, default="")


_RANKS: Final = [_WORST_LAST.index(look(level)) for level in range(_PLACES)]
_GOOD: Final = _WORST_LAST.index("ok")


@dataclass(frozen=True, slots=True)
class Bar:
    """The worst class of each span, oldest first and empty where none was; and how many checks were good."""

    looks: Sequence[str] = ()
    good: int = 0
    all: int = 0


def first_span(now: float) -> int:
    """The number of the oldest span that is shown; *now* in seconds since 1970."""
    return int(now * 1000) // SPAN_MS - SPANS + 1


def statement(ids: Sequence[int], now: float) -> tuple[str, list[int]]:
    """What reads the spans of these services; rows of (kind, service, span, packed number, text)."""
    marks = ", ".join(["%s"] * len(ids)) or "NULL"
    return _SELECT.format(ids=marks), [*ids, first_span(now) * SPAN_MS]


def fold(rows: Iterable[tuple[int, int, int, int, str]], now: float) -> dict[int, Bar]:
    """The bars of the services in *rows*; those of other kinds are passed over.

    A page has thousands of rows: nothing is looked up for one that a number cannot say.
    """
    first = first_span(now)
    ranks: dict[int, list[int]] = {}
    good: dict[int, int] = {}
    total: dict[int, int] = {}
    for kind, service_id, span, packed, _ in rows:
        place = span - first
        if kind != KIND or not 0 <= place < SPANS:
            continue
        count, level = divmod(packed, _PLACES)
        rank = _RANKS[level]
        if service_id not in ranks:
            ranks[service_id], good[service_id], total[service_id] = [0] * SPANS, 0, 0
        if rank > ranks[service_id][place]:
            ranks[service_id][place] = rank
        total[service_id] += count
        if rank == _GOOD:
            good[service_id] += count
    return {
        key: Bar(tuple(map(_WORST_LAST.__getitem__, found)), good[key], total[key])
        for key, found in ranks.items()
    }
