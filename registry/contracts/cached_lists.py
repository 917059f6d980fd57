"""The cached lists as rows: inserted, updated and deleted in batches that a database takes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, models
from django.db.models import Max

from registry.core.contract import token_cost
from registry.core.contract.compare import PART as PARTS
from registry.core.contract.compare import Action
from registry.models import ContentItem, ContractChange, Tool, WaitingTool

CHUNK = 500
Key = tuple[str, int]
Entry = Mapping[str, Any]
Row = dict[str, Any]
"""Values by column; with an `id` it takes the place of the row that has it."""
Cached = type[Tool] | type[ContentItem] | type[WaitingTool]


def tool_row(service_id: int, position: int, entry: Entry, pk: int | None = None) -> Row:
    own = {"id": pk} if pk is not None else {}
    known = {"service_id": service_id, "position": position, "name": entry["name"], "digest": entry["digest"]}
    cost = token_cost.tokens(entry["name"], entry["description"], entry["input_schema"])
    return own | known | {part: entry[part] for part in PARTS} | {"tokens": cost}


def item_row(
    service_id: int, kind: ContractChange.Kind, position: int, entry: Entry, pk: int | None = None
) -> Row:
    own = {"id": pk} if pk is not None else {}
    given = {key: entry[key] for key in ("name", "data", "digest")}
    return own | {"service_id": service_id, "kind": kind.value, "position": position} | given


Write = Callable[[], object]


def store(model: Cached, rows: Iterable[Row]) -> None:
    """New rows, and those that keep their id with other content."""
    storing(model, rows)()


def storing(model: Cached, rows: Iterable[Row]) -> Write:
    """What stores them, with all made ready for the database already: that is most of the work.

    Django's own way costs five times as much CPU, and the writer has one thread for all services.
    """
    every = list(rows)
    names = [str(field.column) for field in model._meta.concrete_fields if field.column != "id"]
    table, marks = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(names))
    quoted = [connection.ops.quote_name(name) for name in names]
    insert = f"INSERT INTO {table} ({', '.join(quoted)}) VALUES ({marks})"  # noqa: S608
    change = f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in quoted)} WHERE id = %s"  # noqa: S608
    fresh = _ready(model, names, [row for row in every if "id" not in row])
    other = _ready(model, [*names, "id"], [row for row in every if "id" in row])

    def write() -> None:
        _execute(insert, fresh)
        _execute(change, other)

    return write


def _ready(model: Cached, names: Sequence[str], rows: Sequence[Row]) -> list[list[Any]]:
    prepare = [(name, _prepared(model._meta.get_field(name.removesuffix("_id")))) for name in names]
    return [[made(row[name]) for name, made in prepare] for row in rows]


def _execute(sql: str, ready: Sequence[list[Any]]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(ready), CHUNK):
            cursor.executemany(sql, ready[start : start + CHUNK])


def _prepared(field: Any) -> Callable[[Any], Any]:
    """What makes a value of this column as the database takes it; common ones without Django's detours."""
    if isinstance(field, models.CharField | models.TextField | models.IntegerField | models.ForeignKey):
        return lambda value: value
    wrapper = connections[connection.alias]
    if isinstance(field, models.JSONField):
        adapt, encoder = wrapper.ops.adapt_json_value, field.encoder
        return lambda value: None if value is None else adapt(value, encoder)
    return lambda value: field.get_db_prep_save(value, wrapper)


def drop(model: Cached, ids: Sequence[int]) -> None:
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


@dataclass(frozen=True, slots=True)
class Offer:
    """One change that waits, with what is offered."""

    pk: int
    name: str
    action: str
    digest: str
    definition: dict[str, Any] | None


OFFER = ("pk", "name", "action", "digest", "definition")


def bring(service_id: int, offers: Sequence[Offer]) -> None:
    """Take approved changes into the cache; they wait no more."""
    stored = _places(service_id, [offer.name for offer in offers if offer.action != Action.ADDED])
    drop(Tool, [stored[one.name][0] for one in offers if one.action == Action.REMOVED and one.name in stored])
    last = Tool.objects.filter(service_id=service_id).aggregate(last=Max("position"))["last"]
    place = -1 if last is None else last
    kept: list[Row] = []
    for offer in offers:
        if offer.definition is None:
            continue
        entry = {"name": offer.name, "digest": offer.digest, **offer.definition}
        pk, position = stored.get(offer.name, (None, place + 1))
        place += pk is None
        kept.append(tool_row(service_id, position, entry, pk))
    store(Tool, kept)
    drop(WaitingTool, [offer.pk for offer in offers])


def _places(service_id: int, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Id and position of these tools; of a name that is there twice, of the first."""
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(names), CHUNK):
        rows = Tool.objects.filter(service_id=service_id, name__in=names[start : start + CHUNK])
        for name, pk, position in rows.order_by("position").values_list("name", "pk", "position"):
            found.setdefault(name, (pk, position))
    return found
