"""What the diff calls compatible, the jsonschema library must find compatible, too."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.contract import compare
from registry.core.contract.compare import Grade
from tests.support.contract_schemas import NAMES, document, instance, kin

PAIRS, TRIED = 10, 60


def is_schema(schema: Any) -> bool:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError:
        return False
    return "#/$defs" not in json.dumps(schema["$defs"]) and {"one", "two"} <= schema["$defs"].keys()


def sent_by_the_book(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema as a sender keeps to it: of our names it sends none that is not mentioned."""
    if isinstance(schema, list):
        return [sent_by_the_book(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs"):
            closed[key] = {name: sent_by_the_book(item, definitions) for name, item in value.items()}
        elif key in ("items", "prefixItems", "additionalProperties", "anyOf", "oneOf"):
            closed[key] = sent_by_the_book(value, definitions)
        else:
            closed[key] = value
    mentioned = _mentioned(schema, definitions)
    if mentioned is None or not _names_some(schema, definitions):
        return closed
    unsent = {"properties": {name: False for name in NAMES if name not in mentioned}}
    return {**{key: value for key, value in closed.items() if key == "$defs"}, "allOf": [closed, unsent]}


def _mentioned(schema: Any, definitions: dict[str, Any]) -> set[str] | None:
    """The names of one object, whatever parts it is written in; None where any may come."""
    if not isinstance(schema, dict) or schema.keys() & {"anyOf", "oneOf"}:
        return None
    if schema.keys() & {"additionalProperties", "patternProperties"}:
        return None
    found = set(schema.get("properties", {})) | set(schema.get("required", []))
    for part in _parts(schema, definitions):
        inner = set() if part is True else _mentioned(part, definitions)
        if inner is None:
            return None
        found |= inner
    return found


def _parts(schema: dict[str, Any], definitions: dict[str, Any]) -> list[Any]:
    return [*schema.get("allOf", []), *([definitions[schema["$ref"][8:]]] if "$ref" in schema else [])]


def _names_some(schema: Any, definitions: dict[str, Any]) -> bool:
    if not isinstance(schema, dict):
        return False
    parts = _parts(schema, definitions)
    return "properties" in schema or any(_names_some(part, definitions) for part in parts)


def without_arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """A whole schema of an object that names no property says that there are none."""
    plain = schema.get("type") == "object" and not schema.keys() & {"$ref", "allOf", "anyOf", "oneOf"}
    return {"properties": {}, **schema} if plain else schema


def check(r: Random) -> int:
    """Both directions of one pair; how many of them were called anything but breaking."""
    old = document(r)
    new = kin(r, old)
    if not (is_schema(old) and is_schema(new)):
        return 0
    tried, calm = [instance(r) for _ in range(TRIED)], 0
    for part, sender, receiver in (("input_schema", old, new), ("output_schema", new, old)):
        found = compare.changed("tool", {part: old}, {part: new})
        if found is not None and found.grade is Grade.BREAKING:
            continue
        calm += 1
        by_the_book, given_out, takes = map(
            jsonschema.Draft202012Validator,
            (sent_by_the_book(without_arguments(sender), sender["$defs"]), sender, receiver),
        )
        for one in tried:
            wrong = by_the_book.is_valid(one) and given_out.is_valid(one) and not takes.is_valid(one)
            assert not wrong, f"{part}\n{json.dumps(old)}\n{json.dumps(new)}\n{one!r}\n{found}"
    return calm


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_called_compatible_is_compatible(seed: int) -> None:
    r = Random(seed)
    for _ in range(PAIRS):
        check(r)


def test_a_good_part_of_the_pairs_is_called_compatible() -> None:
    """Calling everything breaking would be safe, and of no use."""
    r = Random(1)
    assert sum(check(r) for _ in range(100)) > 40
