"""The cached lists as rows: made, stored, dropped, each in parts that a database takes at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Max

from registry.core.contract import PART as PARTS
from registry.core.contract import Action
from registry.models import ContentItem, ContractChange, Tool, WaitingTool

CHUNK = 500
Key = tuple[str, int]
Entry = Mapping[str, Any]


def tool_row(service_id: int, position: int, entry: Entry, pk: int | None = None) -> Tool:
    parts = {part: entry[part] for part in PARTS}
    return Tool(
        pk=pk,
        service_id=service_id,
        position=position,
        name=entry["name"],
        digest=entry["digest"],
        **parts,
    )


def item_row(
    service_id: int, kind: ContractChange.Kind, position: int, entry: Entry, pk: int | None = None
) -> ContentItem:
    return ContentItem(
        pk=pk,
        service_id=service_id,
        kind=kind.value,
        position=position,
        name=entry["name"],
        data=entry["data"],
        digest=entry["digest"],
    )


def store(model: type[Tool] | type[ContentItem], rows: Iterable[Any]) -> None:
    """New rows, and those that keep their id with other content."""
    every = list(rows)
    fresh = [row for row in every if row.pk is None]
    model._default_manager.bulk_create(fresh, batch_size=CHUNK)
    same = [row for row in every if row.pk is not None]
    written = [item.name for item in model._meta.concrete_fields if item.name not in ("id", "service")]
    model._default_manager.bulk_create(
        same, batch_size=CHUNK, update_conflicts=True, unique_fields=["id"], update_fields=written
    )


def drop(model: type[Tool] | type[ContentItem], ids: Sequence[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        model._default_manager.filter(pk__in=ids[start : start + CHUNK]).delete()


def keyed(names: Iterable[str]) -> Iterator[Key]:
    """Each name with how often it came before: a server may list one twice."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        yield name, seen[name]


def definition(tool: Tool) -> dict[str, Any]:
    """The parts of a cached tool that make its contract."""
    return {part: getattr(tool, part) for part in PARTS}


def definition_of(entry: Entry) -> dict[str, Any]:
    return {part: entry[part] for part in PARTS}


def definitions(ids: Iterable[int]) -> dict[str, dict[str, Any]]:
    """Those of cached tools, by name."""
    found: dict[str, dict[str, Any]] = {}
    every = list(ids)
    for start in range(0, len(every), CHUNK):
        for tool in Tool.objects.filter(pk__in=every[start : start + CHUNK]):
            found.setdefault(tool.name, definition(tool))
    return found


def definitions_of(service_id: int, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of a service's tools of these names; of a name that is there twice, the first."""
    found: dict[str, dict[str, Any]] = {}
    for tool in Tool.objects.filter(service_id=service_id, name__in=names).order_by("position"):
        found.setdefault(tool.name, definition(tool))
    return found


def bring(service_id: int, rows: Sequence[WaitingTool], stored: Mapping[str, Tool]) -> None:
    """Take approved changes into the cache; *stored* are the cached tools of those names."""
    gone = [stored[row.name].pk for row in rows if row.action == Action.REMOVED and row.name in stored]
    drop(Tool, gone)
    place = Tool.objects.filter(service_id=service_id).aggregate(last=Max("position"))["last"]
    place = -1 if place is None else place
    kept: list[Tool] = []
    for row in rows:
        if row.definition is None:
            continue
        entry = {"name": row.name, "digest": row.digest, **row.definition}
        tool = stored.get(row.name)
        place += tool is None
        kept.append(tool_row(service_id, tool.position if tool else place, entry, tool.pk if tool else None))
    store(Tool, kept)
