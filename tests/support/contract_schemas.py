"""Small random schemas, others of their kin, and instances: many of them, quickly, from one seed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

NAMES = ("a", "b", "c")
Parts = dict[str, Callable[[], Any]]
LISTS = ("anyOf", "oneOf", "allOf", "enum", "required")
TYPES = ("string", "integer", "number", "boolean", "null", "object", "array")
SCALARS = (None, True, False, -2, 0, 1, 2, 4, 0.5, 1.0, -1.5, "", "x", "xy", "yy")


def instance(r: Random, depth: int = 3) -> Any:
    """Any JSON of small parts."""
    kind = r.random()
    if depth == 0 or kind < 0.4:
        return r.choice(SCALARS)
    if kind < 0.6:
        return [instance(r, depth - 1) for _ in range(r.randrange(4))]
    return {name: instance(r, depth - 1) for name in r.sample((*NAMES, "z"), r.randrange(4))}


def _some(r: Random, parts: dict[str, Any], chance: float = 0.35) -> dict[str, Any]:
    """Some of the keywords; each value is made only when it is wanted."""
    return {key: make() for key, make in parts.items() if r.random() < chance}


def _kind(r: Random) -> Any:
    return r.choice(TYPES) if r.random() < 0.6 else r.sample(TYPES, r.randrange(1, 4))


def _plain(r: Random) -> dict[str, Any]:
    return _some(
        r,
        {
            "type": lambda: _kind(r),
            "enum": lambda: [r.choice(SCALARS) for _ in range(r.randrange(1, 4))],
            "const": lambda: r.choice(SCALARS),
            "description": lambda: r.choice("xy"),
            "default": lambda: r.choice(SCALARS),
            "format": lambda: "date",
        },
    )


def _number(r: Random) -> dict[str, Any]:
    limits = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    found: dict[str, Any] = {key: r.randrange(-2, 3) for key in limits if r.random() < 0.3}
    if r.random() < 0.3:
        found["multipleOf"] = r.choice([1, 2, 4, 0.5])
    return found | {"type": r.choice(["integer", "number", ["integer", "null"]])}


def _string(r: Random) -> dict[str, Any]:
    parts = {
        "type": lambda: r.choice(["string", ["string", "null"]]),
        "minLength": lambda: r.randrange(3),
        "maxLength": lambda: r.randrange(3),
        "pattern": lambda: r.choice(["^x", "y"]),
    }
    return _some(r, parts, 0.5)


def _object(r: Random, depth: int) -> dict[str, Any]:
    parts: Parts = {
        "type": lambda: "object",
        "properties": lambda: {name: schema(r, depth) for name in r.sample(NAMES, r.randrange(1, 4))},
        "required": lambda: r.sample(NAMES, r.randrange(3)),
        "additionalProperties": lambda: r.choice([True, False, schema(r, depth)]),
        "patternProperties": lambda: {r.choice(["^a", "b|c"]): schema(r, depth)},
        "minProperties": lambda: r.randrange(3),
        "maxProperties": lambda: r.randrange(4),
        "propertyNames": lambda: r.choice([{"pattern": "a|b"}, True, {"maxLength": 0}]),
        "dependentRequired": lambda: {"a": ["b"]},
    }
    return _some(r, parts) if r.random() < 0.5 else {key: parts[key]() for key in ("type", "properties")}


def _array(r: Random, depth: int) -> dict[str, Any]:
    parts = {
        "type": lambda: "array",
        "items": lambda: schema(r, depth),
        "prefixItems": lambda: [schema(r, depth) for _ in range(r.randrange(1, 3))],
        "minItems": lambda: r.randrange(3),
        "maxItems": lambda: r.randrange(3),
        "uniqueItems": lambda: r.random() < 0.5,
        "contains": lambda: schema(r, depth),
        "minContains": lambda: r.randrange(3),
    }
    return _some(r, parts)


def _union(r: Random, depth: int) -> dict[str, Any]:
    several = [schema(r, depth) for _ in range(r.randrange(1, 4))]
    word = r.choice(["anyOf", "anyOf", "oneOf", "allOf", "not", "if"])
    if word == "not":
        return {"not": several[0]}
    if word == "if":
        return {"if": several[0], "then": several[-1]}
    beside = _some(r, {"type": lambda: _kind(r)}) | (_object(r, depth) if r.random() < 0.2 else {})
    return {word: several} | beside


def schema(r: Random, depth: int = 2) -> Any:
    """A schema whose references lead to one of two definitions."""
    if r.random() < 0.05:
        return r.random() < 0.5
    if r.random() < 0.12:
        return {"$ref": r.choice(["#/$defs/one", "#/$defs/two"])} | _some(r, {"description": lambda: "d"})
    if depth == 0 or r.random() < 0.35:
        small: list[Callable[[Random], dict[str, Any]]] = [_plain, _number, _string]
        return r.choice(small)(r)
    large: list[Callable[[Random, int], dict[str, Any]]] = [_object, _object, _array, _union]
    return r.choice(large)(r, depth - 1)


def document(r: Random) -> dict[str, Any]:
    """A whole one. Its definitions refer to nothing, so that the validator comes to an end."""
    root = schema(r, 3)
    definitions = {}
    for name in ("one", "two"):
        made = schema(r, 1)
        definitions[name] = made if "$ref" not in json.dumps(made) else {"type": "string"}
    return {**(root if isinstance(root, dict) else {}), "$defs": definitions}


def kin(r: Random, old: dict[str, Any]) -> dict[str, Any]:
    """The same with a little changed; two schemas of no kinship are hardly ever compatible."""
    if r.random() < 0.1:
        return document(r)
    new = copy.deepcopy(old)
    for _ in range(r.randrange(1, 3)):
        spots = [spot for spot in _dicts(new) if spot is not new["$defs"]]
        _mutate(r, r.choice(spots))
    return new


def _mutate(r: Random, spot: dict[str, Any]) -> None:
    free = [key for key in spot if key not in ("$defs", "one", "two")]
    what = r.random()
    if free and what < 0.3:
        del spot[r.choice(free)]
        return
    lists: list[list[Any]] = [spot[key] for key in LISTS if isinstance(spot.get(key), list)]
    if lists and what < 0.7:
        chosen = r.choice(lists)
        if len(chosen) > 1 and r.random() < 0.5:
            chosen.pop(r.randrange(len(chosen)))
        elif chosen is spot.get("required"):
            chosen[:] = sorted({r.choice(NAMES), *chosen})
        else:
            chosen.append(r.choice(SCALARS) if chosen is spot.get("enum") else schema(r, 1))
        return
    fresh = schema(r, 1)
    if isinstance(fresh, dict):
        spot.update(fresh)


def _dicts(value: Any) -> list[dict[str, Any]]:
    here = [value] if isinstance(value, dict) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return here + [found for item in inner for found in _dicts(item)]
