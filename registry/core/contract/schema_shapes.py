"""A schema taken apart: references resolved, `allOf` joined, `anyOf` and `oneOf` as branches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from registry.core.contract.schema_values import Schema, canonical, every_object, types_of, values_of

PROSE = frozenset({"title", "description", "examples", "$comment", "deprecated"})
NEUTRAL = frozenset({"default", "readOnly", "writeOnly", "$id", "$anchor", "$defs", "definitions"})
FALSE: Schema = {"not": {}}
MODERN = ("2020-12", "2019-09")
TOGETHER = (
    frozenset({"properties", "patternProperties", "additionalProperties"}),
    frozenset({"items", "prefixItems", "additionalItems"}),
    frozenset({"if", "then", "else"}),
    frozenset({"contains", "minContains", "maxContains"}),
)
PARTS_AT_MOST = 200
BRANCHES_AT_MOST = 64
UNIONS_IN_UNIONS = 4
OF_TYPE: dict[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"}),
    "object": frozenset({"properties", "required", "additionalProperties", "minProperties", "maxProperties"}),
}


class UndecidableError(Exception):
    """Something that cannot be resolved here; the text says what."""


def as_schema(value: Any) -> Schema:
    """True and False as schemas like any other; UndecidableError for what is none."""
    if value is True:
        return {}
    if value is False:
        return FALSE
    if not isinstance(value, dict):
        raise UndecidableError("is no schema")
    return value


def is_false(schema: Schema) -> bool:
    return set(schema) - PROSE - NEUTRAL == {"not"} and schema["not"] in ({}, True)


@dataclass
class Document:
    """One whole schema, for its definitions."""

    root: Schema
    trusted: bool = field(init=False)
    old_style: bool = field(init=False)

    def __post_init__(self) -> None:
        said = self.root.get("$schema", MODERN[0])
        self.old_style = not any(name in str(said) for name in MODERN)
        # A nested $id moves the place that references start from.
        inner = [item for item in every_object(self.root) if item is not self.root]
        self.trusted = not any(isinstance(item.get("$id"), str) for item in inner)
        refs = [item["$ref"] for item in [self.root, *inner] if isinstance(item.get("$ref"), str)]
        self.plain = all(ref.startswith(("#/$defs/", "#/definitions/")) for ref in refs)
        self.dynamic = any({"$dynamicRef", "$recursiveRef"} & item.keys() for item in [self.root, *inner])

    def definitions(self) -> str:
        return canonical([self.root.get("$defs"), self.root.get("definitions")])

    def resolve(self, ref: Any) -> Schema:
        """What a reference within this document means."""
        if not self.trusted or not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
            raise UndecidableError(f"refers to {str(ref)[:80]!r}, which cannot be followed")
        found: Any = self.root
        for part in ref.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and len(key) < 7 and int(key) < len(found):
                found = found[int(key)]
            else:
                raise UndecidableError(f"refers to {ref[:80]!r}, which is not there")
        return as_schema(found)

    def parts(self, schema: Schema) -> list[Schema]:
        """What all must hold: the schema without `$ref` and `allOf`, and what those stand for."""
        found: list[Schema] = []
        waiting, seen = [schema], set[str]()
        while waiting:
            part = waiting.pop(0)
            rest = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
            found.append(rest)
            if any(key.startswith("unevaluated") for key in rest):
                raise UndecidableError("has rules on what other rules left over")
            if "$ref" in part:
                ref = str(part["$ref"])
                if self.old_style and set(rest) - PROSE - NEUTRAL:
                    raise UndecidableError("has rules beside a $ref, which its dialect ignores")
                if ref in seen:
                    raise UndecidableError("refers to itself")
                seen.add(ref)
                waiting.append(self.resolve(part["$ref"]))
            if "allOf" in part:
                waiting += [as_schema(item) for item in _list(part["allOf"])]
            if len(found) + len(waiting) > PARTS_AT_MOST:
                raise UndecidableError("has too many parts to compare")
        return found

    def joined(self, schema: Schema) -> list[Schema]:
        """The parts as one schema, where no two of them speak of the same keyword."""
        if not schema.keys() & {"$ref", "allOf", "unevaluatedProperties", "unevaluatedItems"}:
            return [schema]
        parts = self.parts(schema)
        if any(sum(1 for part in parts if group & part.keys()) > 1 for group in TOGETHER):
            # They look at their neighbours: {"additionalProperties": false} elsewhere means another thing.
            return [part for part in parts if set(part) - PROSE - NEUTRAL]
        whole: dict[str, Any] = {}
        for part in parts:
            for key, value in part.items():
                if key not in whole:
                    whole[key] = value
                elif key not in PROSE | NEUTRAL and canonical(whole[key]) != canonical(value):
                    return [part for part in parts if set(part) - PROSE - NEUTRAL]
        return [whole]

    def branches(self, schema: Schema, within: int = 0) -> list[Schema] | None:
        """The alternatives that a joined schema leaves, each whole; None where they cannot be told apart."""
        words = [word for word in ("anyOf", "oneOf") if word in schema]
        if not words:
            return [schema]
        if len(words) > 1 or not isinstance(schema[words[0]], list) or within > UNIONS_IN_UNIONS:
            return None
        rest = {key: value for key, value in schema.items() if key != words[0] and key not in PROSE | NEUTRAL}
        found: list[Schema] = []
        for item in schema[words[0]]:
            parts = self.joined({"allOf": [rest, as_schema(item)]})
            inner = self.branches(parts[0], within + 1) if len(parts) == 1 else None
            if inner is None or len(found) + len(inner) > BRANCHES_AT_MOST:
                return None
            found += inner
        if words[0] == "oneOf" and not self.apart(found):
            return None
        return found

    def apart(self, branches: Sequence[Schema]) -> bool:
        """Whether no instance fits two of them, as far as types and fixed values tell."""
        return all(
            self._differ(one, other) for at, one in enumerate(branches) for other in branches[at + 1 :]
        )

    def _differ(self, one: Schema, other: Schema) -> bool:
        types = types_of(one) & types_of(other)
        first, second = values_of(one), values_of(other)
        if first is not None and second is not None and not first.keys() & second.keys():
            return True
        return not types or (types == {"object"} and self._told_apart(one, other))

    def _told_apart(self, one: Schema, other: Schema) -> bool:
        """By a required property with other values in each, as a discriminator has."""
        both = set(_names(one.get("required"))) & set(_names(other.get("required")))
        for name in both:
            first, second = (self._values_at(schema, name) for schema in (one, other))
            if first is not None and second is not None and not first & second:
                return True
        return False

    def _values_at(self, schema: Schema, name: str) -> set[str] | None:
        properties = schema.get("properties")
        spec = properties.get(name) if isinstance(properties, dict) else None
        if not isinstance(spec, dict):
            return None
        parts = self.joined(spec)
        values = values_of(parts[0]) if len(parts) == 1 else None
        return None if values is None else set(values)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UndecidableError("has an allOf that is no list")
    return value


def _names(value: Any) -> Iterable[str]:
    return (name for name in value if isinstance(name, str)) if isinstance(value, list) else ()


def split(branches: Iterable[Schema]) -> list[Schema]:
    """The same alternatives in their smallest pieces: one type, or one value each."""
    found: list[Schema] = []
    for branch in branches:
        values = values_of(branch)
        if values is not None and len(values) <= BRANCHES_AT_MOST:
            rest = {key: value for key, value in branch.items() if key not in ("enum", "const")}
            found += [{**rest, "const": value} for value in values.values()]
        elif isinstance(branch.get("type"), list):
            found += [_of_type(branch, name) for name in branch["type"] if isinstance(name, str)]
        else:
            found.append(branch)
    return found


def _of_type(branch: Schema, name: str) -> Schema:
    own = OF_TYPE.get("number" if name == "integer" else name, frozenset())
    others = frozenset().union(*OF_TYPE.values()) - own
    return {key: value for key, value in branch.items() if key not in others} | {"type": name}
