"""Why a row is in the list where its name does not say it: which tag, word or tool was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db.models import Value
from django.utils.translation import gettext as _

from registry.models import Service, Tool

TOOL, DESCRIPTION = 5, 6
AROUND: Final = 24


def statement(ids: Sequence[int], q: str) -> tuple[str, list[Any]]:
    """Tools and descriptions in which *q* was found: rows of (kind, service, 0, 0, text), to be joined."""
    if not (q and ids):
        return "", []
    tools = Tool.objects.filter(service__in=ids, name__icontains=q).order_by()
    said = Service.objects.filter(pk__in=ids, description__icontains=q).order_by()
    none = (Value(0), Value(0))
    first, given = tools.values_list(Value(TOOL), "service_id", *none, "name").query.sql_with_params()
    second, more = said.values_list(Value(DESCRIPTION), "pk", *none, "description").query.sql_with_params()
    return f" UNION ALL {first} UNION ALL {second}", [*given, *more]


def read(rows: Iterable[tuple[int, int, int, int, str]]) -> dict[int, dict[int, str]]:
    """By service: the first tool by name, and the description."""
    found: dict[int, dict[int, str]] = {}
    ours = sorted(row for row in rows if row[0] in (TOOL, DESCRIPTION))
    for kind, service_id, _first, _second, text in ours:
        found.setdefault(service_id, {}).setdefault(kind, text)
    return found


def words(service: Service, q: str, found: dict[int, str], *, tags: Sequence[str], endpoint: str) -> str:
    """Empty where the row shows it: in its name, in one of its *tags*, or in its *endpoint* as it is cut."""
    q = q.casefold()
    shown = (service.name, endpoint, *tags)
    if not q or any(q in text.casefold() for text in shown):
        return ""
    for tag in service.tags:
        if q in str(tag).casefold():
            return _("matches tag %(name)s") % {"name": tag}
    if TOOL in found:
        return _("matches tool %(name)s") % {"name": found[TOOL]}
    if DESCRIPTION in found:
        return _("matches “%(text)s”") % {"text": _excerpt(found[DESCRIPTION], q)}
    return _("matches its address") if q in service.endpoint.casefold() else ""


def _excerpt(text: str, q: str) -> str:
    """The words around what was found, on one line."""
    line = " ".join(text.split())
    at = max(line.casefold().find(q), 0)
    begin, end = max(at - AROUND, 0), at + len(q) + AROUND
    return f"{'…' if begin else ''}{line[begin:end]}{'…' if end < len(line) else ''}"
