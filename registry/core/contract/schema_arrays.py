"""What a schema says of the items of an array. Pure."""

from __future__ import annotations

from typing import Any

from registry.core.contract.schema_findings import Found, limited, unknown
from registry.core.contract.schema_position import Position
from registry.core.contract.schema_values import Schema

ARRAY = frozenset({"array"})
KEYWORDS = ("items", "prefixItems", "additionalItems")


def changes(here: Position, old: Schema, new: Schema) -> Found:
    """Position by position, and then the rest."""
    if not any(key in schema for key in KEYWORDS for schema in (old, new)):
        return []
    if any(_tuples(schema) for schema in (old, new)):
        if all((key in old) == (key in new) and here.same(old.get(key), new.get(key)) for key in KEYWORDS):
            return []
        return limited([unknown(here.at, "its items changed, and cannot be compared")], old, new, ARRAY)
    first, second = old.get("prefixItems", []), new.get("prefixItems", [])
    rest, other = old.get("items", True), new.get("items", True)
    found = here.inner(rest, other, f"{here.place}[]")
    for at in range(max(len(first), len(second))):
        one = first[at] if at < len(first) else rest
        two = second[at] if at < len(second) else other
        found += here.inner(one, two, f"{here.place}[{at}]")
    return limited(found, old, new, ARRAY)


def _tuples(schema: Schema) -> bool:
    """Written as older dialects do, or not as any does."""
    prefix: Any = schema.get("prefixItems", [])
    return (
        "additionalItems" in schema or isinstance(schema.get("items"), list) or not isinstance(prefix, list)
    )
