"""Fields of an entry, each of exactly one type. An error names the place and the type, never the value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from registry.core.documents.places import Place, shorten, show
from registry.errors import InvalidConfigError

MILLISECONDS_FROM = 1000
LONGEST_TIMEOUT = 3600.0


def kind(value: object) -> str:
    """What a JSON value is, in the words people use."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(value), "not JSON")


def _wrong(place: Place, value: object, wanted: str, remedy: str) -> InvalidConfigError:
    return InvalidConfigError(show(place), f"must be {wanted}, but is {kind(value)}", remedy)


def _text(value: object, place: Place) -> str:
    if not isinstance(value, str):
        simple = isinstance(value, (bool, int, float))
        raise _wrong(place, value, "text", "Put it in quotation marks" if simple else 'Write "…"')
    return value


def as_text(value: object) -> str | None:
    """What a text, a number, true or false comes to among arguments and variables; None for the rest."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else None


def _spelled_out(value: object, place: Place) -> str:
    known = as_text(value)
    return _text(value, place) if known is None else known


def text(entry: Mapping[str, Any], key: str, place: Place) -> str:
    """A text; empty when it is not there."""
    return _text(entry.get(key, ""), (*place, key))


def texts(entry: Mapping[str, Any], key: str, place: Place) -> tuple[str, ...]:
    """A list of texts; empty when it is not there. A number among them is read as its text."""
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise _wrong((*place, key), value, "a list of texts", 'Write ["…", "…"]')
    return tuple(_spelled_out(item, (*place, key, index)) for index, item in enumerate(value))


def mapping(entry: Mapping[str, Any], key: str, place: Place) -> dict[str, str]:
    """Names to texts; empty when it is not there. A number among them is read as its text."""
    value = entry.get(key, {})
    if not isinstance(value, dict):
        raise _wrong((*place, key), value, "an object of names and texts", 'Write {"NAME": "value"}')
    return {name: _spelled_out(item, (*place, key, name)) for name, item in value.items()}


def flag(entry: Mapping[str, Any], key: str, place: Place) -> bool | None:
    """true or false; None when it is not there."""
    value = entry.get(key)
    if value is not None and not isinstance(value, bool):
        raise _wrong((*place, key), value, "true or false", "Write it without quotation marks")
    return value


def choice(entry: Mapping[str, Any], key: str, choices: tuple[str, ...], place: Place) -> str | None:
    """One of a few words; None when it is not there."""
    if key not in entry:
        return None
    value = text(entry, key, place)
    if value not in choices:
        what = f'"{shorten(value, 40)}" is not known'
        raise InvalidConfigError(show((*place, key)), what, f"Write one of {', '.join(choices)}")
    return value


def timeout(entry: Mapping[str, Any], place: Place) -> float | None:
    """Seconds. From 1000 on they are read as milliseconds, which the editors' files mean."""
    value = _amount(entry, "timeout", place)
    if value is None:
        return None
    return _bounded(value / 1000 if value >= MILLISECONDS_FROM else value, (*place, "timeout"))


def seconds(entry: Mapping[str, Any], key: str, place: Place) -> float | None:
    """A number of seconds, whatever its size; None when it is not there."""
    value = _amount(entry, key, place)
    return None if value is None else _bounded(value, (*place, key))


def _amount(entry: Mapping[str, Any], key: str, place: Place) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong((*place, key), value, "a number of seconds", "Write a number such as 30")
    return float(value)


def _bounded(amount: float, at: Place) -> float:
    if not math.isfinite(amount) or not 0 < amount <= LONGEST_TIMEOUT:
        raise InvalidConfigError(show(at), "is not between 0 and 3600 seconds", "Write a number such as 30")
    return amount


def written_timeout(seconds: float) -> float:
    """As an entry says it, so that `timeout` reads it as these seconds again."""
    said = seconds * 1000 if seconds >= MILLISECONDS_FROM else seconds
    return int(said) if float(said).is_integer() else said
