"""One schema out of its references and `allOf` (2020-12 and draft-07); nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lifecycle.core.playground.kinds import is_json_equal

DEEPEST: Final = 16
Schema = dict[str, Any]
BOUNDS: Final = {"minimum": max, "minLength": max, "minItems": max, "exclusiveMinimum": max} | {
    "maximum": min, "maxLength": min, "maxItems": min, "exclusiveMaximum": min,
}  # fmt: skip
_TELLING: Final = frozenset({"title", "description", "default", "examples", "$comment", "deprecated"})
"""What says nothing about values: the outer one wins."""
_CHOICES: Final = ("anyOf", "oneOf")


class TooMuchError(Exception):
    """The schema refers to itself so often that no form comes of it in time."""


class Root:
    """The document that references point into, and how many schemas may still be looked at."""

    __slots__ = ("document", "left")
    MOST: Final = 20_000

    def __init__(self, document: Any) -> None:
        self.document, self.left = document, self.MOST

    def spend(self) -> None:
        """One more schema is looked at."""
        self.left -= 1
        if self.left < 0:
            raise TooMuchError


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """A schema without references; `whole` is false where a form of it would leave something out."""

    spec: Schema
    whole: bool = True
    name: str = ""
    choices: list[Any] = field(default_factory=list)
    """The schemas one of which has to fit, with all that stands around them."""


def resolved(schema: Any, root: Root, deeper: int = DEEPEST) -> Resolved:
    """The schema with what it refers to and all of its `allOf` in it; its choices aside."""
    root.spend()
    if schema is False or deeper <= 0:
        return Resolved(spec={}, whole=False)
    spec = dict(schema) if isinstance(schema, dict) else {}
    pointer, parts = spec.pop("$ref", None), listed(spec.pop("allOf", None))
    choices = _choices(spec)
    found = Resolved(spec=spec, choices=choices, whole="allOf" not in spec)
    for part in parts:
        found = joined(resolved(part, root, deeper - 1), found)
    if pointer is None:
        return found
    target = referred(pointer, root.document)
    if target is None:
        return Resolved(spec=found.spec, whole=False)
    return joined(resolved(target, root, deeper - 1), found, name=str(pointer).rsplit("/", 1)[-1])


def _choices(spec: Schema) -> list[Any]:
    """Takes the choices out of *spec*. Which properties go together is left to the check."""
    found = []
    for key in _CHOICES:
        given = listed(spec.pop(key, None))
        if given and not all(isinstance(one, dict) and set(one) <= {"required", "not"} for one in given):
            found.append(given)
    if len(found) > 1:
        spec["allOf"] = found  # both have to fit: no form for that
    return found[0] if len(found) == 1 else []


def joined(inner: Resolved, outer: Resolved, name: str = "") -> Resolved:
    """Both have to hold. What contradicts, or needs a choice on both sides, is not whole."""
    spec, whole = dict(inner.spec), inner.whole and outer.whole and not (inner.choices and outer.choices)
    for key, value in outer.spec.items():
        if key not in spec or key in _TELLING:
            spec[key] = value
        elif (both := _both(key, spec[key], value)) is not None:
            spec[key] = both
        else:
            whole = False
    return Resolved(
        spec=spec,
        whole=whole and "allOf" not in spec,
        name=name or outer.name or inner.name,
        choices=outer.choices or inner.choices,
    )


def _both(key: str, one: Any, other: Any) -> Any:
    """A value of the keyword that says what both say; None where there is none that is simple."""
    if is_json_equal(one, other):
        return one
    if key in ("properties", "$defs", "definitions"):
        return _properties(one, other)
    if key == "required":
        return [*listed(one), *(name for name in listed(other) if name not in listed(one))]
    if key == "enum":
        return [value for value in listed(one) if any(is_json_equal(value, item) for item in listed(other))]
    if key == "type":
        return [kind for kind in kinds(one) if kind in kinds(other)] or None
    if key in BOUNDS and isinstance(one, int | float) and isinstance(other, int | float):
        return BOUNDS[key](one, other)
    return other if key.startswith("x-") or key in ("$schema", "$id", "additionalProperties") else None


def _properties(one: Any, other: Any) -> Schema:
    inner, outer = mapped(one), mapped(other)
    shared = {
        key: {"allOf": [inner[key], outer[key]]}
        for key in inner.keys() & outer.keys()
        if not is_json_equal(inner[key], outer[key])
    }
    return {**inner, **outer, **shared}


def around(choice: Any, spec: Schema, root: Root) -> Resolved:
    """One of the choices, with what stands beside all of them."""
    beside = {key: value for key, value in spec.items() if key not in _TELLING}
    return joined(resolved(choice, root), Resolved(spec=beside))


def referred(pointer: Any, document: Any) -> Any:
    """What a pointer into the same document points to; None where there is no such place."""
    if not isinstance(pointer, str) or not pointer.startswith("#"):
        return None
    if pointer not in ("#", "#/") and not pointer.startswith("#/"):
        return None
    node: Any = document
    for step in pointer[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, Mapping) and key in node:
            node = node[key]
        elif key:
            return None
    return node


def kinds(types: Any) -> list[str]:
    """The values of `type`, which may be one or several."""
    return [types] if isinstance(types, str) else [kind for kind in listed(types) if isinstance(kind, str)]


def listed(value: Any) -> list[Any]:
    """The list, or none where there is something else."""
    return value if isinstance(value, list) else []


def mapped(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}
