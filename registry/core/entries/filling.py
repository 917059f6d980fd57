"""Fill values back into a stored entry: the real ones for the engine, dots for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.core.clients import bridges
from registry.core.documents.places import Place, show
from registry.core.documents.trees import mapped, strings
from registry.core.entries.placeholders import SECRET, Placeholder, holes, replaced
from registry.core.secrecy.redact import USED
from registry.errors import InvalidConfigError

MASK = "••••••"
_OF_BRIDGES = ("command", "args")


class MissingValueError(LookupError):
    """A value that the entry refers to is not there; the argument is the secret's name."""


def references(entry: Mapping[str, Any]) -> set[str]:
    """The secrets that the used part of a stored entry points to."""
    texts = strings([value for key, value in entry.items() if key in USED])
    return {hole.name for text in texts for hole in holes(text) if hole.kind == "secret"}


def all_references(entry: Mapping[str, Any]) -> set[str]:
    """The secrets that any part of a stored entry points to."""
    return {name for text in strings(entry) for name in SECRET.findall(text)}


def fill(entry: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The entry with its real values; MissingValueError names the first that is not known."""

    left = bridges.filled_by_bridge(entry)

    def put(hole: Placeholder) -> str:
        if hole.kind != "secret" and hole.default is not None:
            return hole.default
        if hole.name not in values:
            raise MissingValueError(hole.name)
        return values[hole.name]

    def put_in(text: str) -> str:
        return replaced(
            text, lambda hole: text[hole.start : hole.end] if bridges.leaves(text, hole, left) else put(hole)
        )

    return {
        key: mapped(value, put_in if key in _OF_BRIDGES else lambda text: replaced(text, put))
        if key in USED
        else value
        for key, value in entry.items()
    }


def fill_everywhere(entry: Mapping[str, Any], values: Mapping[str, str]) -> Any:
    """References replaced in unknown keys too; those without a value stay."""
    return mapped(dict(entry), lambda text: SECRET.sub(lambda match: values.get(match[1], match[0]), text))


def masked(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry for people: dots where a secret is."""
    hidden: dict[str, Any] = mapped(dict(entry), lambda text: SECRET.sub(MASK, text))
    return hidden


def unmask(raw: Any, stored: Any, place: Place) -> Any:
    """What a form sent back: dots mean *as it was*; dots where nothing was hidden are an error."""
    if isinstance(raw, str):
        return _unmask_text(raw, stored, place) if MASK in raw else raw
    if isinstance(raw, dict):
        known = stored if isinstance(stored, dict) else {}
        return {key: unmask(value, known.get(key), (*place, key)) for key, value in raw.items()}
    if isinstance(raw, list):
        old = stored if isinstance(stored, list) else []
        return [
            unmask(value, _counterpart(value, index, old), (*place, index)) for index, value in enumerate(raw)
        ]
    return raw


def _counterpart(value: Any, index: int, old: list[Any]) -> Any:
    """The stored item that a sent one stands for: at the same place, or the only one that looks like it."""
    if index < len(old) and mapped(old[index], lambda text: SECRET.sub(MASK, text)) == value:
        return old[index]
    alike = [item for item in old if isinstance(item, str) and SECRET.sub(MASK, item) == value]
    return alike[0] if len(alike) == 1 else (old[index] if index < len(old) else None)


def _unmask_text(text: str, stored: Any, place: Place) -> str:
    if isinstance(stored, str) and SECRET.sub(MASK, stored) == text:
        return stored
    raise InvalidConfigError(
        show(place), f"has {MASK}, which represents a hidden value", "Type the value itself"
    )
