"""Rows of lifecycle state, advanced many at a time: each only if it is as it was left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import connection, models, transaction

from lifecycle.engine.recording import snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.models import ServiceState

Row = tuple[Any, ...]


def advance(those: Sequence[tuple[Held, Row]], names: Sequence[str]) -> list[bool]:
    """Write these values into the columns *names* of each row; whether it had the version that we know.

    All at once, as they nearly always can be; where one cannot, one after the other, to know which. Django's
    own UPDATE costs five times as much CPU.
    """
    if not those:
        return []
    sql, adapted = _update(names)
    values = [(*adapted(row), held.service_id, held.version) for held, row in those]
    if all_of_them(sql, values):
        return [True] * len(values)
    with connection.cursor() as cursor:
        won = []
        for row in values:
            cursor.execute(sql, row)
            won.append(cursor.rowcount == 1)
        return won


class _Beaten(Exception):
    """Not every row was as we had left it."""


def all_of_them(sql: str, values: Sequence[Sequence[Any]]) -> bool:
    """Whether each touched a row; if not, none did."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, values)
            if cursor.rowcount != len(values):
                raise _Beaten
    except _Beaten:
        return False
    return True


def _update(names: Sequence[str]) -> tuple[str, Callable[[Row], Row]]:
    """The statement, and what makes values as the database has them."""
    columns = snapshots.fields(names)
    assignments = ", ".join(f"{connection.ops.quote_name(str(column.column))} = %s" for column in columns)
    sql = (
        f"UPDATE {ServiceState._meta.db_table} SET {assignments}, version = version + 1"  # noqa: S608
        " WHERE service_id = %s AND version = %s"
    )
    times = [isinstance(column, models.DateTimeField) for column in columns]
    adapt = cache(connection.ops.adapt_datetimefield_value)

    def adapted(values: Row) -> Row:
        return tuple(
            [adapt(value) if is_time else value for value, is_time in zip(values, times, strict=True)]
        )

    return sql, adapted
