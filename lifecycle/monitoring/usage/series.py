"""Roll-ups that are added to at once, read as windows and as points of a chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES, RAW, Kept, Piece
from lifecycle.monitoring.rollups import marks
from lifecycle.monitoring.settings import queries as settings_queries
from lifecycle.monitoring.usage.folding import Table

POINTS = 720
FOREVER = 1 << 53
SAMPLES_KEPT = timedelta(hours=48)
"""Of hosts; a change of the option for single checks is none of theirs."""


def since_when(now: datetime) -> dict[int, int]:
    """From when on the rows of each span are all there, in seconds since 1970: as for those of checks."""
    days, pruned = settings_queries.current().kept_days(), marks.kept({}).since
    return {span: max(int(now.timestamp() - kept * DAY), pruned.get(span, 0)) for span, kept in days.items()}


def kept(now: datetime, raw: timedelta | None) -> Kept:
    """Which rows there are; *raw* is how long single ones stay, None where there are none."""
    since = since_when(now)
    since[RAW] = FOREVER if raw is None else int((now - raw).timestamp())
    return Kept(since, {HOUR: FOREVER, DAY: FOREVER})


def plan(start: datetime, end: datetime, points: int, known: Kept) -> tuple[int, Piece]:
    """How many seconds a point covers, and the rows to make them of; the first begins in the window."""
    first, last = start.timestamp(), end.timestamp()
    finest = RAW if known.since[RAW] < FOREVER else MINUTES
    step = spans.step_for(first, last, points, known, finest)
    return step, Piece(spans.ceil(first, step), last, spans.span_of(step))


def read(table: Table, which: Mapping[str, Any], piece: Piece) -> Iterator[tuple[Any, ...]]:
    """The columns of each row of *piece*, its start in seconds since 1970, and what it holds."""
    rows = table.rows._default_manager.filter(
        **which, span=piece.span, at__gte=int(piece.start), at__lt=piece.end
    )
    for *columns, at, data in rows.values_list(*table.columns, "at", "data"):
        yield *columns, at, table.unpack(bytes(data))


def joined(table: Table, step: int, rows: Iterable[tuple[float, Any]]) -> list[tuple[int, Any]]:
    """What begins in the same *step* seconds as one, in order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for at, value in rows:
        found[spans.floor(at, step)].append(value)
    return [(at, table.merge(found[at])) for at in sorted(found)]
