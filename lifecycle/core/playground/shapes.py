"""Which kind of field a schema wants, whatever its value is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lifecycle.core.playground.kinds import ABSENT, Kind, is_json_equal, is_of
from lifecycle.core.playground.resolving import Resolved, Root, around, kinds, listed, mapped, resolved

DEEPEST: Final = 12
_KINDS: Final = {
    "string": Kind.TEXT,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "array": Kind.ARRAY,
    "object": Kind.OBJECT,
    "null": Kind.FIXED,
}
_IMPLIED: Final = {
    "object": ("properties", "additionalProperties", "patternProperties", "required", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format", "contentMediaType", "writeOnly"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_ANYTHING: Final = ("string", "number", "boolean")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """`options` are the values of a choice; `variants` the shapes of which one has to fit."""

    kind: Kind
    spec: dict[str, Any]
    name: str = ""
    nullable: bool = False
    options: list[Any] = field(default_factory=list)
    variants: list[Shape] = field(default_factory=list)

    @property
    def fixed(self) -> Any:
        """The only value of a fixed field."""
        return self.spec.get("const")


def shape(schema: Any, root: Root) -> Shape:
    """How to ask for a value of *schema*, whose references are within *root*."""
    return _shape(resolved(schema, root), root, DEEPEST)


def _shape(found: Resolved, root: Root, deeper: int) -> Shape:
    if not found.whole or deeper <= 0:
        return Shape(kind=Kind.JSON, spec=found.spec, name=found.name)
    if found.choices:
        return _chosen(found, root, deeper)
    return _plain(found.spec, found.name)


def _chosen(found: Resolved, root: Root, deeper: int) -> Shape:
    every = [_shape(around(one, found.spec, root), root, deeper - 1) for one in found.choices]
    rest = [inner for one in every if not _only_null(one) for inner in (one.variants or [one])]
    nullable = any(_only_null(one) or one.nullable for one in every)
    if len(rest) == 1:
        spec = {**rest[0].spec, **_about(found.spec)}
        return replace(rest[0], spec=spec, nullable=nullable)
    about: dict[str, Any] = {"spec": found.spec, "name": found.name, "nullable": nullable}
    if not rest:
        return Shape(kind=Kind.FIXED, **about)
    if all(one.kind in (Kind.CHOICE, Kind.FIXED) for one in rest):
        values = [value for one in rest for value in (one.options or [one.fixed])]
        return Shape(kind=Kind.CHOICE, options=values, **about)
    return Shape(kind=Kind.VARIANTS, variants=rest, **about)


def _about(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: spec[key] for key in ("title", "description", "default") if key in spec}


def _only_null(one: Shape) -> bool:
    return one.kind is Kind.FIXED and one.fixed is None and "const" not in one.spec


def _plain(spec: dict[str, Any], name: str) -> Shape:
    if "const" in spec:
        return Shape(kind=Kind.FIXED, spec=spec, name=name)
    types = [kind for kind in kinds(spec.get("type")) if kind in _KINDS]
    nullable = ("null" in types and len(types) > 1) or spec.get("nullable") is True
    if listed(spec.get("enum")):
        return Shape(kind=Kind.CHOICE, spec=spec, name=name, options=spec["enum"], nullable=False)
    wanted = [kind for kind in types if kind != "null"] or types or _implied(spec)
    if "number" in wanted:
        wanted = [kind for kind in wanted if kind != "integer"]
    if len(wanted) == 1:
        own = {**spec, "type": wanted[0]}
        return Shape(kind=_KINDS[wanted[0]], spec=own, name=name, nullable=nullable)
    variants = [_plain({**spec, "type": kind}, "") for kind in wanted or _ANYTHING]
    if not wanted:
        variants.append(Shape(kind=Kind.JSON, spec={}))
    return Shape(kind=Kind.VARIANTS, spec=spec, name=name, nullable=nullable, variants=variants)


def _implied(spec: dict[str, Any]) -> list[str]:
    return [kind for kind, keys in _IMPLIED.items() if any(key in spec for key in keys)][:1]


def fit(one: Shape, value: Any, root: Root, deeper: int = 4) -> float:
    """How well a value goes with a shape: below zero not at all; more where more of it is known."""
    if value is None and one.nullable:
        return 1
    match one.kind:
        case Kind.JSON:
            return 0
        case Kind.FIXED:
            return 4 if is_json_equal(value, one.fixed) else -1
        case Kind.CHOICE:
            return 3 if any(is_json_equal(value, option) for option in one.options) else -1
        case Kind.VARIANTS:
            return max(fit(variant, value, root, deeper) for variant in one.variants)
    if not is_of(value, str(one.spec.get("type"))):
        return -1
    if one.kind is Kind.OBJECT and deeper:
        return _object_fit(one, value, root, deeper)
    if one.kind is Kind.ARRAY and deeper and value:
        return fit(shape(item_schema(one.spec, 0), root), value[0], root, deeper - 1)
    return 1 if one.spec["type"] == "number" else 1.5


def _object_fit(one: Shape, value: dict[str, Any], root: Root, deeper: int) -> float:
    known, score = mapped(one.spec.get("properties")), 1.0
    for key, item in value.items():
        if key not in known:
            score -= 0.5 if one.spec.get("additionalProperties") is not False else math.inf
            continue
        inner = fit(shape(known[key], root), item, root, deeper - 1)
        score += 1 if inner >= 0 else -1
        if inner < 0 and shape(known[key], root).kind in (Kind.FIXED, Kind.CHOICE):
            return -1
    missing = [key for key in listed(one.spec.get("required")) if key not in value]
    return max(score - len(missing), -0.5) if score > -math.inf else -1


def item_schema(spec: Mapping[str, Any], at: int) -> Any:
    """The schema of the item at that place of an array."""
    items, first = spec.get("items"), listed(spec.get("prefixItems")) or listed(spec.get("items"))
    if at < len(first):
        return first[at]
    return spec.get("additionalItems", {}) if isinstance(items, list) else ({} if items is None else items)


def row_schema(spec: Mapping[str, Any]) -> Any:
    """The schema of properties that have no name of their own: False where there may be none."""
    patterns = list(mapped(spec.get("patternProperties")).values())
    given = spec.get("additionalProperties", spec.get("unevaluatedProperties", ABSENT))
    if len(patterns) == 1 and not isinstance(given, dict):
        return patterns[0]
    return given


def takes_rows(spec: Mapping[str, Any]) -> bool:
    """Whether the person is offered to add properties of any name."""
    given = row_schema(spec)
    return isinstance(given, dict) or given is True or (given is ABSENT and "properties" not in spec)


def words(spec: dict[str, Any]) -> Iterator[str]:
    """Values that tell a variant from the others: of its properties that can have but one."""
    for about in mapped(spec.get("properties")).values():
        value = mapped(about).get("const")
        only = listed(mapped(about).get("enum"))
        if isinstance(value, str):
            yield value
        elif len(only) == 1 and isinstance(only[0], str):
            yield only[0]
