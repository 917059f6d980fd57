"""The audit log as a file: JSON, or CSV with a line for each act."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from registry.access.audit import presenter
from registry.models import AuditEntry

COLUMNS = ("id", "at", "who", "what", "target", "detail", "from", "address", "before", "after", "members")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
KINDS = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


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
