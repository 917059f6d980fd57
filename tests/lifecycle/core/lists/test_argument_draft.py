"""The draft of a tool's arguments is accepted by the tool's own schema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry

from lifecycle.core.lists.argument_draft import draft

SCHEMAS: dict[str, Any] = {
    "bounds": {"a": {"type": "integer", "minimum": 5}, "b": {"type": "number", "exclusiveMinimum": 0}},
    "step": {
        "a": {"type": "integer", "minimum": 7, "multipleOf": 5},
        "b": {"type": "integer", "maximum": -3},
    },
    "open": {
        "a": {"type": "integer", "exclusiveMinimum": 4, "maximum": 9},
        "b": {"type": "number", "exclusiveMaximum": 0},
    },
    "words": {"a": {"type": "string", "minLength": 3}, "b": {"type": "string", "format": "date"}},
    "lists": {"a": {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 1}}},
    "tuple": {"a": {"type": "array", "minItems": 2, "prefixItems": [{"const": "x"}, {"type": "boolean"}]}},
    "only": {"a": {"const": "fixed"}, "b": {"enum": ["x", "y"]}, "c": {"type": ["null", "integer"]}},
    "choice": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "b": {"oneOf": [{"const": 3}]}},
    "inner": {"a": {"type": "object", "required": ["b"], "properties": {"b": {"type": "string"}}}},
    "pointed": {"a": {"$ref": "#/$defs/City"}, "b": {"allOf": [{"$ref": "#/$defs/City"}]}},
    "untyped": {"a": {"required": ["b"], "properties": {"b": {"type": "integer"}}}, "b": {}},
}
DEFS = {
    "City": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1}},
    }
}


def whole(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "$defs": DEFS}


def refused(schema: dict[str, Any]) -> list[str]:
    checker = jsonschema.Draft202012Validator(schema, registry=Registry())
    return [error.message for error in checker.iter_errors(draft(schema))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_draft_is_accepted_by_its_own_schema(name: str) -> None:
    assert refused(whole(SCHEMAS[name])) == []


@given(
    low=st.integers(-50, 50),
    room=st.integers(0, 60),
    step=st.sampled_from([None, 1, 2, 3, 7]),
    ends=st.sampled_from(
        [("minimum", "maximum"), ("exclusiveMinimum", "maximum"), ("minimum", "exclusiveMaximum")]
    ),
)
def test_a_number_that_fits_its_bounds_is_found_where_there_is_one(
    low: int, room: int, step: int | None, ends: tuple[str, str]
) -> None:
    spec: dict[str, Any] = {"type": "integer", ends[0]: low, ends[1]: low + room}
    spec |= {"multipleOf": step} if step else {}
    fits = [
        n
        for n in range(low, low + room + 1)
        if not list(jsonschema.Draft202012Validator(spec).iter_errors(n))
    ]
    assert not fits or draft(whole({"a": spec}))["a"] in fits


def test_what_is_not_required_is_left_out_and_defaults_count() -> None:
    schema = whole({"a": {"type": "integer", "default": 7}}) | {"properties": {"a": {"default": 7}, "b": {}}}
    assert draft(schema) == {"a": 7}


@pytest.mark.parametrize(
    "odd", [None, True, [], {"type": "array"}, {"required": "a"}, {"$ref": "#/$defs/none"}]
)
def test_an_odd_schema_gives_an_empty_draft(odd: Any) -> None:
    assert draft(odd) == {}


def test_a_schema_that_contains_itself_ends() -> None:
    node = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/Node"}}}
    assert "next" in draft({"$ref": "#/$defs/Node", "$defs": {"Node": node}})
