"""Which arguments of a tool are credentials, by what its schema says or by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.core.secrecy import credentials, free_text

DEEPEST = 16


def secret_values(schema: object, arguments: Mapping[str, Any]) -> list[str]:
    """Texts given for properties that are write-only, passwords, or named like a credential."""
    return list(_found(schema, arguments, DEEPEST))


def without_credentials(schema: object, value: Any, dots: str) -> Any:
    """The arguments as they may be kept: *dots* for each credential, by its name, its schema or its look."""
    return _masked(schema, value, dots, DEEPEST)


def _masked(schema: object, value: Any, dots: str, deeper: int) -> Any:
    known = schema if isinstance(schema, dict) else {}
    if isinstance(value, str):
        return _without_spans(value, dots)
    if isinstance(value, (Mapping, list)) and not deeper:
        return dots
    if isinstance(value, Mapping):
        properties = known.get("properties")
        about = properties if isinstance(properties, dict) else {}
        return {
            _without_spans(name, dots): dots
            if _is_hidden(name, about.get(name), item)
            else _masked(about.get(name), item, dots, deeper - 1)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(known.get("items"), item, dots, deeper - 1) for item in value]
    return value


def _is_hidden(name: str, about: object, value: object) -> bool:
    """By its name a number only where that is a password's: `max_tokens` and `keys` count something."""
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return _is_marked(about) or credentials.names_password(name)
    return _is_secret(name, about)


def _without_spans(text: str, dots: str) -> str:
    for start, end in reversed(free_text.spans(text)):
        text = f"{text[:start]}{dots}{text[end:]}"
    return text


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
    return _is_marked(about) or credentials.names_one(name)


def _is_marked(about: object) -> bool:
    said = about if isinstance(about, dict) else {}
    return said.get("format") == "password" or said.get("writeOnly") is True


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
