"""What a server offers, read item by item: one that makes no sense loses only itself."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from registry.core.contract import compare
from registry.core.contract.schema_values import deeper_than
from registry.secrets import masking

NAME_LIMIT = 500
BREATH = 200
NESTED_AT_MOST = 60


@dataclass(frozen=True, kw_only=True)
class ToolRecord:
    """One tool; `problem` says why one that could not be read is kept by name only."""

    name: str
    title: str = ""
    description: str = ""
    input_schema: dict[str, Any] = field(default_factory=dict)
    output_schema: dict[str, Any] | None = None
    annotations: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class ItemRecord:
    """A resource, template or prompt."""

    kind: str
    name: str
    data: dict[str, Any]
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that a server offers; `unread` are the kinds of items that it could not say this time.

    `notes` say what was odd about the lists, a line each.
    """

    tools: tuple[ToolRecord, ...] = ()
    items: tuple[ItemRecord, ...] = ()
    unread: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


R = TypeVar("R", ToolRecord, ItemRecord)


def clean(value: Any) -> Any:
    """The value without what no database takes: NUL, lone surrogates, NaN and infinities."""
    match value:
        case str():
            if value.isascii() and "\0" not in value:
                return value
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {clean(str(key)): clean(item) for key, item in value.items()}
        case list():
            return [clean(item) for item in value]
    return value


def read_tool(raw: Any) -> ToolRecord:
    """Read one tool leniently."""
    if not isinstance(raw, dict):
        return ToolRecord(name="", problem="the entry is not an object")
    problems = []
    if deeper_than(raw, NESTED_AT_MOST):
        problems.append(f"it is nested deeper than {NESTED_AT_MOST} levels")
        raw = {key: raw.get(key) for key in ("name", "title", "description") if isinstance(raw.get(key), str)}
    raw = clean(raw)
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        problems.append("it has no name")
        name = name if isinstance(name, str) else ""
    if len(name) > NAME_LIMIT:
        problems.append(f"its name is longer than {NAME_LIMIT} characters")
    schema, output = raw.get("inputSchema"), raw.get("outputSchema")
    if not isinstance(schema, dict):
        problems.append("its inputSchema is not an object")
    if output is not None and not isinstance(output, dict):
        problems.append("its outputSchema is not an object")
    annotations = raw.get("annotations")
    annotations = annotations if isinstance(annotations, dict) else {}
    return ToolRecord(
        name=name[:NAME_LIMIT],
        title=_text(raw.get("title") or annotations.get("title"))[:NAME_LIMIT],
        description=_text(raw.get("description")),
        input_schema=schema if isinstance(schema, dict) else {},
        output_schema=output if isinstance(output, dict) else None,
        annotations=annotations,
        problem="; ".join(problems),
    )


async def without(found: Content, values: frozenset[str]) -> Content:
    """The lists with dots for each of the values: a server may say what it was given."""
    if not values:
        return found
    return Content(
        tools=tuple([await _hidden(tool, values, at) for at, tool in enumerate(found.tools)]),
        items=tuple([await _hidden(item, values, at) for at, item in enumerate(found.items)]),
        unread=found.unread,
        notes=found.notes,
    )


async def _hidden(record: R, values: frozenset[str], at: int) -> R:
    if at % BREATH == BREATH - 1:
        await asyncio.sleep(0)
    fields = vars(record)
    text = json.dumps(fields, ensure_ascii=False)
    if not any(value in text for value in values):
        return record
    return digested(type(record)(**{name: masking.masked(field, values) for name, field in fields.items()}))


def digested(record: R) -> R:
    """With the digest of what will be kept; made here, since the writer has one thread for all services."""
    if isinstance(record, ToolRecord):
        return replace(record, digest=compare.digest(vars(record)))
    return replace(record, digest=compare.item_digest(record.data))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def read_item(kind: str, raw: dict[str, Any]) -> ItemRecord:
    name = _item_name(raw)
    data = {"name": name} if deeper_than(raw, NESTED_AT_MOST) else clean(raw)
    return digested(ItemRecord(kind=kind, name=name, data=data))


def _item_name(raw: dict[str, Any]) -> str:
    name = raw.get("name") or raw.get("uri") or raw.get("uriTemplate")
    return clean(_text(name))[:NAME_LIMIT] or "?"
