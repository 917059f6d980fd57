"""Adds to roll-ups as things happen: the rows of 5 minutes, the hour and the day, in one transaction.

Nothing is left to be rolled up later, so that there is nothing that a kill could leave half done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Model

from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES

SPANS = (MINUTES, HOUR, DAY)


class Table(NamedTuple):
    """A table of roll-ups: the columns before `span` and `at`, and how its `data` is added up."""

    rows: type[Model]
    columns: tuple[str, ...]
    merge: Callable[[Iterable[Any]], Any]
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.columns, "span", "at")


def fold(table: Table, at: int, news: Mapping[tuple[Any, ...], Any]) -> None:
    """Add *news*, by the values of the columns, to the three rows that hold *at*, in seconds since 1970."""
    keys = sorted((*key, span, at - at % span) for key in news for span in SPANS)
    with transaction.atomic(savepoint=False):
        before = _locked(table, keys)
        rows = []
        for key in keys:
            new = news[key[:-2]]
            data = table.pack(table.merge([before[key], new]) if key in before else new)
            rows.append((*key, data))
        _put(table, rows, "DO UPDATE SET data = excluded.data")


def _locked(table: Table, keys: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], Any]:
    """What is there already. Where several write at a time, each row is there first, and then held."""
    manager = table.rows._default_manager
    if connection.features.has_select_for_update:
        _put(table, [(*key, b"") for key in keys], "DO NOTHING")
    columns = zip(table.key, zip(*keys, strict=True), strict=False)
    found = manager.select_for_update().filter(**{f"{name}__in": set(values) for name, values in columns})
    rows = found.order_by(*table.key).values_list(*table.key, "data")
    return {row[:-1]: table.unpack(bytes(row[-1])) for row in rows if row[-1]}


def _put(table: Table, rows: list[tuple[Any, ...]], otherwise: str) -> None:
    """By hand: models would take most of the time, for rows that a worker writes by the hundred."""
    name, key = table.rows._meta.db_table, ", ".join(table.key)
    places = ", ".join(["%s"] * (len(table.key) + 1))
    sql = f"INSERT INTO {name} ({key}, data) VALUES ({places}) ON CONFLICT ({key}) {otherwise}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
