"""Events of all services, of every kind, from the rows that say so: one statement for a page of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from lifecycle.models import Command, Episode, StateChange
from lifecycle.monitoring.events import sources
from lifecycle.monitoring.events.filters import Filters, Place
from lifecycle.monitoring.events.narrowing import FEW, looked_up, newest_of, within
from registry.models.hidden import replaced
from registry.models.limits import current

PAGE_SIZE = 50
Statement = tuple[str, Sequence[Any]]
TEXTS = ("who", "first", "second", "third", "fourth")
NAMING: Mapping[str, tuple[Any, str]] = {
    "transition": (StateChange, "reason"),
    "command": (Command, "error"),
    "alert": (Episode, "summary"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line. What `first` to `fourth` hold depends on the source: see `sources`."""

    source: sources.Source
    id: int
    at: datetime
    service: str
    listed: bool
    who: str
    first: str
    second: str
    third: str
    fourth: str

    @property
    def place(self) -> Place:
        return Place(at=self.at, rank=self.source.rank, id=self.id)


def events(filters: Filters, limit: int = PAGE_SIZE) -> list[Event]:
    """The latest that match, newest first; below `filters.before` where that is given."""
    is_plain = filters == Filters() and not current()
    made = _plain(limit, connection.vendor) if is_plain else _statement(looked_up(filters), limit)
    if made is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*made)
        return list(_events(cursor.fetchall()))


@cache
def _plain(limit: int, vendor: str) -> Statement | None:
    """That of everything, which is always the same: to write it takes three times as long as to run it."""
    return _statement(Filters(), limit)


def _statement(filters: Filters, limit: int) -> Statement | None:
    """None where nothing can match."""
    parts = [part for source in sources.ALL if (part := _part(source, filters, limit)) is not None]
    if not parts:
        return None
    sql = " UNION ALL ".join(f"SELECT * FROM ({text}) part{n}" for n, (text, _) in enumerate(parts))  # noqa: S608
    return (
        f"SELECT * FROM ({sql}) every ORDER BY 3 DESC, 1 DESC, 2 DESC LIMIT {limit:d}",  # noqa: S608
        [value for _, values in parts for value in values],
    )


def _part(source: sources.Source, filters: Filters, limit: int) -> tuple[str, tuple[Any, ...]] | None:
    if filters.kind not in ("", source.kind):
        return None
    rows = source.narrowed(filters)
    if rows is None:
        return None
    rows = rows.filter(within(source.at, filters), _below(source, filters.before))
    if source.name == "transition" and filters.ids and len(filters.ids) <= FEW:
        rows = newest_of(rows, filters.ids)
    ordered = rows.order_by(f"-{source.at}", "-pk").values_list(*source.columns())[:limit]
    try:
        text, values = ordered.query.sql_with_params()
    except EmptyResultSet:  # as Django says that nothing can match
        return None
    return text, tuple(values)


def _below(source: sources.Source, place: Place | None) -> Q:
    if place is None:
        return Q()
    match = Q(**{f"{source.at}__lte": place.at})
    if source.rank < place.rank:
        return match
    same = Q(**{source.at: place.at}, pk__lt=place.id) if source.rank == place.rank else Q(pk__in=())
    return match & (Q(**{f"{source.at}__lt": place.at}) | same)


def _events(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for rank, number, at, service, listed, *rest in rows:
        source = sources.BY_RANK[rank]
        hide = _naming(source) if current() else {}
        yield Event(
            source=source,
            id=number,
            at=_moment(at),
            service=service or "",
            listed=bool(listed),
            **dict(zip(TEXTS, (replaced(text or "", hide) for text in rest), strict=True)),
        )


def _naming(source: sources.Source) -> Mapping[str, str]:
    """What its texts are read without by whoever is limited: a statement of our own passes fields over."""
    model, column = NAMING.get(source.kind, (None, ""))
    found: Mapping[str, str] = model._meta.get_field(column).naming if model else {}
    return found


def _moment(given: Any) -> datetime:
    """SQLite keeps moments as text."""
    found = parse_datetime(given) if isinstance(given, str) else given
    assert isinstance(found, datetime)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
