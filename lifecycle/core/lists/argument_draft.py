"""A first draft of a tool's arguments that its own schema accepts (JSON Schema 2020-12 and older). Pure.

What is required is there, with its default, its only value, or the smallest value that fits. A pattern that
nothing simple fits is left to the person: then the draft is as near as it can be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

DEPTH = 8
MOST_SCHEMAS = 5_000
"""A server may write a schema that refers to itself more often than anybody can wait for."""
LONGEST = 200
Schema = Mapping[str, Any]

_FORMATS: Mapping[str, str] = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "name@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class _Root:
    """The document that references point into, and how many schemas may still be looked at."""

    def __init__(self, document: Any) -> None:
        self.document, self.left = _object(document), MOST_SCHEMAS


def draft(schema: Any) -> dict[str, Any]:
    """Arguments to begin with; empty where the schema asks for nothing, or for no object."""
    found = value(schema, schema)
    return found if isinstance(found, dict) else {}


def value(schema: Any, document: Any) -> Any:
    """A value of *schema*, whose references are within *document*."""
    return _value(schema, _Root(document), DEPTH)


def _value(schema: Any, root: _Root, depth: int) -> Any:
    spec = _resolved(schema, root, depth)
    for key in ("const", "default"):
        if key in spec:
            return spec[key]
    for key in ("enum", "examples"):
        if isinstance(spec.get(key), list) and spec[key]:
            return spec[key][0]
    return _of_kind(_kind(spec), spec, root, depth)


def _resolved(schema: Any, root: _Root, depth: int) -> dict[str, Any]:
    """The schema with what it refers to, all of its `allOf` and the first of its choices in it."""
    spec = dict(schema) if isinstance(schema, dict) else {}
    root.left -= 1
    if depth <= 0 or root.left < 0:
        return spec
    parts = [_referred(spec.pop("$ref", None), root)]
    parts += _list(spec.pop("allOf", None))
    parts += [choice for key in ("anyOf", "oneOf") for choice in _list(spec.pop(key, None))[:1]]
    for part in parts:
        spec = _joined(_resolved(part, root, depth - 1), spec)
    return spec


def _joined(part: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    properties = {**_object(part.get("properties")), **_object(spec.get("properties"))}
    required = [*_list(part.get("required")), *_list(spec.get("required"))]
    joined = {**part, **spec}
    return joined | ({"properties": properties, "required": required} if properties or required else {})


def _referred(pointer: Any, root: _Root) -> Any:
    """What a reference inside the same schema points to; nothing is ever fetched."""
    if not isinstance(pointer, str) or not pointer.startswith("#"):
        return {}
    node: Any = root.document
    for step in pointer[1:].split("/")[1:]:
        node = _object(node).get(step.replace("~1", "/").replace("~0", "~"))
    return node


def _kind(spec: Schema) -> str:
    kinds = spec.get("type")
    names = [kinds] if isinstance(kinds, str) else _list(kinds)
    if names:
        return str(next((name for name in names if name != "null"), "null"))
    return "object" if "properties" in spec or "required" in spec else ""


def _of_kind(kind: str, spec: Schema, root: _Root, depth: int) -> Any:
    match kind:
        case "object":
            return _object_value(spec, root, depth)
        case "array":
            few = min(_number(spec, "minItems", 0), LONGEST) if depth > 0 else 0
            return [_value(_item(spec, at), root, depth - 1) for at in range(int(few))]
        case "string":
            return _text(spec)
        case "integer" | "number":
            return _smallest(spec, whole=kind == "integer")
        case "boolean":
            return False
    return None


def _object_value(spec: Schema, root: _Root, depth: int) -> dict[str, Any]:
    known = _object(spec.get("properties"))
    wanted = [key for key in _list(spec.get("required")) if isinstance(key, str)]
    if depth <= 0:
        return {}
    return {key: _value(known.get(key), root, depth - 1) for key in dict.fromkeys(wanted)}


def _item(spec: Schema, at: int) -> Any:
    first = _list(spec.get("prefixItems"))
    return first[at] if at < len(first) else spec.get("items")


def _text(spec: Schema) -> str:
    sample = _FORMATS.get(str(spec.get("format")), "")
    least = int(min(_number(spec, "minLength", 0), LONGEST))
    return sample if len(sample) >= least else sample + "x" * (least - len(sample))


def _smallest(spec: Schema, *, whole: bool) -> float:
    """The number nearest to zero that the bounds and the step allow."""
    step = _number(spec, "multipleOf", 1 if whole else 0)
    low, high = _number(spec, "minimum", -math.inf), _number(spec, "maximum", math.inf)
    above, below = _number(spec, "exclusiveMinimum", -math.inf), _number(spec, "exclusiveMaximum", math.inf)
    if low <= 0 <= high and above < 0 < below:
        return 0
    if max(low, above) >= 0:
        return _stepped(max(low, above), above >= low, step, min(high, below))
    return -_stepped(-min(high, below), below <= high, step, -max(low, above))


def _stepped(bound: float, open_end: bool, step: float, other: float) -> float:
    """The least multiple of *step* from *bound* on, *bound* itself left out where it is an open end."""
    if step:
        steps = math.floor(bound / step) + 1 if open_end else math.ceil(bound / step)
        found = steps * step
    else:
        found = (bound + min(other, bound + 2)) / 2 if open_end else bound
    return int(found) if float(found).is_integer() else found


def _number(spec: Schema, key: str, otherwise: float) -> float:
    value = spec.get(key)
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if good and isinstance(value, int | float) else otherwise


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
