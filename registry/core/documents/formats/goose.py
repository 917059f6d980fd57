"""Goose's `extensions`: MCP servers among what is built into it."""

from __future__ import annotations

import re
from typing import Any

from registry.core.documents import reading
from registry.core.documents.found import Document, Found
from registry.core.documents.places import Place, show
from registry.core.entries import names
from registry.errors import InvalidConfigError

_SERVERS = ("stdio", "sse", "streamable_http")
_OTHERS = {
    "builtin": "is built into Goose",
    "platform": "is built into Goose",
    "frontend": "is part of Goose's window",
    "inline_python": "is Python code that Goose runs itself",
}

_KINDS = (*_SERVERS, *_OTHERS)


def is_config(tree: dict[str, Any]) -> bool:
    """Whether it has extensions as Goose writes them."""
    extensions = tree.get("extensions")
    if not isinstance(extensions, dict):
        return False
    items = [item for item in extensions.values() if isinstance(item, dict)]
    return any(item.get("type") in _KINDS or "cmd" in item or "uri" in item for item in items)


def read(tree: dict[str, Any]) -> Document:
    """Every extension; those that no other program can reach say so."""
    extensions = tree["extensions"]
    double = set(reading.twice(extensions))
    found = tuple(
        Found(
            name=_called(name, item),
            place=(place := ("extensions", name)),
            raw=item,
            problem=_problem(item, place, name in double),
        )
        for name, item in extensions.items()
    )
    return Document(shape="extensions", found=found, client="goose")


def key_of(name: str) -> str:
    """Under which key Goose keeps an extension that is called so."""
    return re.sub(r"[^a-z0-9_-]", "_", re.sub(r"\s", "", name).lower())


def _called(key: str, item: object) -> str:
    """Its name as a person gave it, of which the key is what Goose has left over; else the key."""
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) and names.possible(name) and key_of(name) == key else key


def _problem(item: object, place: Place, double: bool) -> InvalidConfigError | None:
    if double:
        return InvalidConfigError(show(place), "is given twice", "Keep one of them")
    kind = item.get("type") if isinstance(item, dict) else None
    if isinstance(kind, str) and kind in _OTHERS:
        what = f"{_OTHERS[kind]}: there is no server to reach"
        return InvalidConfigError(show(place), what, "Leave it out")
    return None
