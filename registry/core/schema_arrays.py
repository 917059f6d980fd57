"""What a schema says of the items of an array. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry.core.schema_findings import Found, limited, unknown
from registry.core.schema_values import Schema

if TYPE_CHECKING:
    from registry.core.schema_change import Walk

ARRAY = frozenset({"array"})
KEYWORDS = ("items", "prefixItems", "additionalItems")


def changes(walk: Walk, old: Schema, new: Schema, place: str, strict: bool, level: int) -> Found:
    """Position by position, and then the rest."""
    if not any(key in schema for key in KEYWORDS for schema in (old, new)):
        return []
    if any(_tuples(schema) for schema in (old, new)):
        if all((key in old) == (key in new) and walk.same(old.get(key), new.get(key)) for key in KEYWORDS):
            return []
        return limited(
            [unknown(walk.at(place), "its items changed, and cannot be compared")], old, new, ARRAY
        )
    first, second = old.get("prefixItems", []), new.get("prefixItems", [])
    rest, other = old.get("items", True), new.get("items", True)
    found = walk.compare(rest, other, f"{place}[]", strict=strict, level=level + 1)
    for at in range(max(len(first), len(second))):
        one = first[at] if at < len(first) else rest
        two = second[at] if at < len(second) else other
        found += walk.compare(one, two, f"{place}[{at}]", strict=strict, level=level + 1)
    return limited(found, old, new, ARRAY)


def _tuples(schema: Schema) -> bool:
    """Written as older dialects do, or not as any does."""
    prefix: Any = schema.get("prefixItems", [])
    return (
        "additionalItems" in schema or isinstance(schema.get("items"), list) or not isinstance(prefix, list)
    )
