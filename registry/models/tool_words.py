"""Words of tools, found with their endings taken off: an index of the database's own, kept by itself.

SQLite: an FTS5 table beside the tools, with the Porter stemmer, filled by triggers. PostgreSQL: a GIN index
over the same columns, with the English dictionary. A migration that makes SQLite's table of tools anew must
make the triggers anew too; `tests/lifecycle/tools/search/test_pages.py` sees it.
"""

from __future__ import annotations

import re
from typing import Final

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

WORD: Final = re.compile(r"[^\W_]+")

# As in the migration that makes the index, or PostgreSQL would not use it.
_VECTOR: Final = "to_tsvector('english', name || ' ' || title || ' ' || left(description, 20000))"


def with_words(q: str) -> Q:
    """Tools that have each word of *q*, or one that begins with it, in name, title or description."""
    words = WORD.findall(q)
    if not words:
        return Q(name__contains=q) if q else Q()
    if connection.vendor == "postgresql":
        found = f"SELECT id FROM registry_tool WHERE {_VECTOR} @@ to_tsquery('english', %s)"  # noqa: S608
        return Q(id__in=RawSQL(found, [" & ".join(f"{word}:*" for word in words)]))  # noqa: S611
    found = "SELECT rowid FROM registry_toolwords WHERE registry_toolwords MATCH %s"
    return Q(id__in=RawSQL(found, [" ".join(f'"{word}"*' for word in words)]))  # noqa: S611
