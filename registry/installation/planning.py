"""What PostgreSQL has to know of our tables before it can plan well.

Of a table that was never analysed it takes for granted that hardly any row has NULL in a column. Nearly all
services are neither removed nor archived, so right after an import or a restore it expects one service where
there are thousands, and joins each with each: with 38,000 services one small query took more than 100 s
(PostgreSQL 18.4). Left to itself it analyses about a minute later.
"""

from __future__ import annotations

from django.db import connection

LARGE = 64 * 1024
UNKNOWN = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND reltuples < 0
    AND (relname LIKE 'registry\\_%%' OR relname LIKE 'lifecycle\\_%%') AND pg_relation_size(oid) > %s
"""


def analyse_new() -> list[str]:
    """Analyse those of our tables that hold something and never were; their names. Nothing on SQLite."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(UNKNOWN, [LARGE])
        names = [str(name) for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"ANALYZE {name}")
    return names
