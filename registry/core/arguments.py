"""Which arguments of a tool are credentials, by what its schema says or by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.core import tokens

DEEPEST = 16


def secret_values(schema: object, arguments: Mapping[str, Any]) -> list[str]:
    """Texts given for properties that are write-only, passwords, or named like a credential."""
    return list(_found(schema, arguments, DEEPEST))


def _found(schema: object, value: object, deeper: int) -> Iterator[str]:
    known = schema if isinstance(schema, dict) else {}
    if deeper and isinstance(value, Mapping):
        properties = known.get("properties")
        for name, item in value.items():
            about = properties.get(name) if isinstance(properties, dict) else None
            if _is_secret(name, about):
                yield from _texts(item)
            else:
                yield from _found(about, item, deeper - 1)
    elif deeper and isinstance(value, list):
        for item in value:
            yield from _found(known.get("items"), item, deeper - 1)


def _is_secret(name: str, about: object) -> bool:
    said = about if isinstance(about, dict) else {}
    return said.get("format") == "password" or said.get("writeOnly") is True or tokens.names_one(name)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
