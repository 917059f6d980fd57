"""Following rows on PostgreSQL, where several write at once and ids do not come in the order of commits.

A row notes its transaction. Below the oldest one still running nothing new can appear, so that is how far a
follower has come; what has become visible above it is shown at once and remembered until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"
"""SQL for how far one can have come: below this transaction all has ended."""

FOLLOWS = (
    "((lifecycle_statechange.xid, lifecycle_statechange.id) > (coalesce((SELECT place.xid"  # noqa: S608
    " FROM lifecycle_statechange place WHERE place.id <= %s ORDER BY place.id DESC LIMIT 1), '0'::xid8), %s)"
    f" AND lifecycle_statechange.xid < {HORIZON})"
)
"""SQL for "comes after the transition with this id, and none can come before it any more"; the id twice."""


def horizon() -> int:
    """As it is now; read it before what it is to cover."""
    return int(_all(f"SELECT {HORIZON}::text::bigint")[0][0])


@dataclass(frozen=True)
class Row:
    """One of the feed."""

    id: int
    kind: str
    ref: int
    xid: int


def feed_since(horizon: int, limit: int) -> tuple[int, list[Row]]:
    """The new horizon, and the visible rows of the feed from the old one on, in order."""
    # One statement has one snapshot, so that nothing falls between the rows and the new horizon.
    found = _all(
        f"SELECT {HORIZON}::text::bigint, id, kind, ref, xid::text::bigint FROM (SELECT 1) AS always"  # noqa: S608
        " LEFT JOIN lifecycle_feeditem ON xid >= %s::text::xid8 ORDER BY xid, id LIMIT %s",
        str(horizon),
        limit,
    )
    return int(found[0][0]), [Row(*row) for _, *row in found if row[0] is not None]


def feed_reaches(horizon: int) -> bool:
    """Whether all that the feed said since *horizon* is still there, and that is a moment that has been."""
    found = _all(
        "SELECT coalesce(min(xid) <= %s::text::xid8, true),"
        " %s::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot()) FROM lifecycle_feeditem",
        str(horizon),
        str(horizon),
    )
    return all(found[0])


def changes_after(after: int, service_id: int | None, limit: int) -> list[int]:
    """Ids of the transitions that follow the one with id *after*, oldest first, none of them ever skipped.

    They come in the order of their transactions, and only when no earlier one can appear any more.
    """
    one = "" if service_id is None else " AND service_id = %s"
    given = [] if service_id is None else [service_id]
    found = _all(
        "WITH place AS (SELECT coalesce((SELECT xid FROM lifecycle_statechange WHERE id <= %s"  # noqa: S608
        " ORDER BY id DESC LIMIT 1), '0'::xid8) AS xid)"
        " SELECT id FROM lifecycle_statechange"
        f" WHERE (xid, id) > ((SELECT xid FROM place), %s) AND xid < {HORIZON}{one}"
        " ORDER BY xid, id LIMIT %s",
        after,
        after,
        *given,
        limit,
    )
    return [pk for (pk,) in found]


def _all(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
