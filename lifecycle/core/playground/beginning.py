"""What a form begins with: what the schema needs, and what it proposes."""

from __future__ import annotations

from typing import Any

from lifecycle.core.playground.kinds import Kind
from lifecycle.core.playground.resolving import Root, TooMuchError, mapped, resolved
from lifecycle.core.playground.shapes import shape

DEEPEST = 6
NOTHING: tuple[object, ...] = (None, "", [], {})
"""A default of these mostly means what leaving it out means."""


def with_defaults(schema: Any, draft: dict[str, Any]) -> dict[str, Any]:
    """The draft with the defaults of what may be left out, too."""
    try:
        found = _filled(schema, draft, Root(schema), DEEPEST)
    except (TooMuchError, RecursionError):
        return draft
    return found if isinstance(found, dict) else draft


def _filled(schema: Any, value: Any, root: Root, deeper: int) -> Any:
    one = shape(schema, root)
    if one.kind is not Kind.OBJECT or not isinstance(value, dict) or not deeper:
        return value
    found = {}
    for key, about in mapped(one.spec.get("properties")).items():
        if key in value:
            found[key] = _filled(about, value[key], root, deeper - 1)
        elif (default := resolved(about, root).spec.get("default")) not in NOTHING:
            found[key] = default
    return {**value, **found} if found.keys() <= value.keys() else {**found, **_rest(value, found)}


def _rest(value: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in found}
