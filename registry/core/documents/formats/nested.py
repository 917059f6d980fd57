"""Servers deeper inside a document: per project, per profile, in an editor's settings, beside others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from registry.core.documents.found import Found
from registry.core.documents.places import Place, show

SURE = ("mcpServers", "context_servers", "mcp_servers", "mcp.servers", "modelContextProtocolServers")
LIKELY = ("servers", "mcp")
MOST_NAMED = 5
IsEntry = Callable[[object], bool]


def maps(tree: object, is_entry: IsEntry, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each object or list of entries with its place, in the document's order. Never looks inside an entry."""
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from maps(item, is_entry, (*place, index))
    if not isinstance(tree, dict) or is_entry(tree):
        return
    for key, value in tree.items():
        named = key in (*SURE, *LIKELY) or key.endswith(".mcpServers")
        if named and _holds(value, is_entry):
            yield (*place, key), value
        elif not is_entry(value):
            yield from maps(value, is_entry, (*place, key))


def _holds(value: object, is_entry: IsEntry) -> bool:
    """A list of names, or settings of the same word, are no servers."""
    if isinstance(value, dict):
        return any(is_entry(item) for item in value.values())
    items = value if isinstance(value, list) else []
    return any(is_entry(item) and "name" in item for item in items if isinstance(item, dict))


def shape(places: Sequence[Place]) -> str:
    """In one line where they stood."""
    first = ".".join(map(str, places[0])) if len(places[0]) <= 2 else show(places[0])
    more = len(places) - 1
    return f"{first} and {more} more place{'s' if more > 1 else ''}" if more else first


def once(found: Sequence[Found]) -> tuple[Found, ...]:
    """Of entries that are the same in name and content only the first, which says where else they stood."""
    kept: dict[int, tuple[Found, list[Place]]] = {}
    by_name: dict[str, list[int]] = {}
    for number, item in enumerate(found):
        name = item.name if isinstance(item.name, str) else ""
        same = next((at for at in by_name.get(name, ()) if _same(kept[at][0], item)), None)
        if same is None:
            kept[number] = (item, [])
            by_name.setdefault(name, []).append(number)
        else:
            kept[same][1].append(item.place)
    return tuple(_with(item, others) for item, others in kept.values())


def _same(one: Found, other: Found) -> bool:
    return isinstance(one.name, str) and bool(one.name) and one.raw == other.raw and one.problem is None


def _with(item: Found, others: Sequence[Place]) -> Found:
    if not others:
        return item
    named = ", ".join(show(place) for place in others[:MOST_NAMED])
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    return replace(item, notes=(*item.notes, f"occurs identically at {named}{more}"))
