"""Small truths about JSON schemas: what is the same, which types are meant, which values. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
NUMBERS = frozenset({"integer", "fraction"})
ALL_TYPES = frozenset({"null", "boolean", "string", "array", "object"}) | NUMBERS
SHOWN = 3
LONGEST_VALUE = 60


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)


def canonical(value: Any) -> str:
    """The same text for what is the same JSON, whatever the order of its keys."""
    return _ENCODER.encode(value)


def value_key(value: Any) -> str:
    """The same text for values that are equal in JSON: 1 and 1.0 are, 1 and true are not."""
    return canonical(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def is_number(value: Any) -> bool:
    """A number that can be compared; a truth value is none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def number_word(value: float) -> str:
    """A number for people; one of a thousand digits is cut."""
    return _short(str(value_key(value)))


def type_of(value: Any) -> str:
    """The JSON type of a value, with 1.0 an integer and 1.5 a fraction."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "fraction"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def named_types(schema: Schema) -> frozenset[str] | None:
    """What `type` allows; None where it cannot be read."""
    said = schema.get("type")
    if said is None:
        return None if "type" in schema else ALL_TYPES
    found: set[str] = set()
    for name in [said] if isinstance(said, str) else said if isinstance(said, list) else [None]:
        if name == "number":
            found |= NUMBERS
        elif isinstance(name, str) and name in ALL_TYPES and name != "fraction":
            found.add(name)
        else:
            return None
    return frozenset(found)


def values_of(schema: Schema) -> dict[str, Any] | None:
    """The values that `enum` and `const` leave, by key; None where they limit nothing."""
    found: dict[str, Any] | None = None
    if isinstance(schema.get("enum"), list):
        found = {value_key(value): value for value in schema["enum"]}
    if "const" in schema:
        key = value_key(schema["const"])
        only = {key: schema["const"]}
        found = only if found is None or key in found else {}
    return found


def types_of(schema: Schema) -> frozenset[str]:
    """The types that an instance may have, as far as `type`, `enum` and `const` say."""
    types = named_types(schema)
    types = ALL_TYPES if types is None else types
    values = values_of(schema)
    return types if values is None else types & {type_of(value) for value in values.values()}


def type_words(types: Iterable[str]) -> str:
    """Types as people read them."""
    found = set(types)
    if found >= ALL_TYPES:
        return "anything"
    names = found - {"fraction"}
    if "fraction" in found:
        names = names - {"integer"} | {"number"}
    return " or ".join(sorted(names, key=lambda name: (name == "null", name))) or "nothing"


def quoted(values: Iterable[Any]) -> str:
    """The first values as JSON, and how many more there are."""
    every = list(values)
    shown = [_short(json.dumps(value, ensure_ascii=False, default=str)) for value in every[:SHOWN]]
    more = [f"{len(every) - SHOWN} more"] if len(every) > SHOWN else []
    return ", ".join(shown) + (f" and {more[0]}" if more else "")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def deeper_than(value: Any, limit: int) -> bool:
    """Whether JSON is nested deeper; found without recursion."""
    level: list[Any] = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterator[Any]:
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (child for child in found if isinstance(child, dict | list))


def every_object(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects inside *value*, itself first; found without recursion."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
        waiting.extend(_children(item))
