"""The audit log as a file: JSON, or CSV with a line for each act."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlencode

from registry.access.audit import presenter, queries, write
from registry.access.audit.queries import Wanted
from registry.models import AuditEntry

COLUMNS = ("id", "at", "who", "what", "target", "detail", "from", "address", "before", "after", "members")
IN_A_FILE = 10_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
KINDS = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


def take(kind: str, wanted: Wanted, *, by: str, now: datetime, note: bool = True) -> str:
    """The file of what the search finds, up to IN_A_FILE acts; that it was taken is in the log, too."""
    rows = list(queries.search(wanted).prefetch_related("named")[:IN_A_FILE])
    if note:
        write.note(
            by, "audit log exported", f"{len(rows):,} rows", urlencode(wanted.given()) or "all", now=now
        )
    return "".join(parts(kind, rows))


def parts(kind: str, rows: Iterable[AuditEntry]) -> Iterator[str]:
    """The file of this kind, piece by piece."""
    return _json(rows) if kind == "json" else _csv(rows)


def _json(rows: Iterable[AuditEntry]) -> Iterator[str]:
    yield '{"results": ['
    for number, entry in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(presenter.plain(entry), ensure_ascii=False)
    yield "\n]}\n"


def _csv(rows: Iterable[AuditEntry]) -> Iterator[str]:
    yield _line(COLUMNS)
    for entry in rows:
        plain = presenter.plain(entry)
        names = " ".join(one["name"] for one in plain["members"])
        yield _line([harmless(str({**plain, "members": names}[column])) for column in COLUMNS])


def harmless(text: str) -> str:
    """Nothing that a spreadsheet would run."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
