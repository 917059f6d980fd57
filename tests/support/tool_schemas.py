"""Schemas of tools in the shapes that published servers use, each with arguments that fit."""

from __future__ import annotations

from typing import Any

Case = tuple[dict[str, Any], dict[str, Any]]


def of(required: str = "", /, **properties: Any) -> dict[str, Any]:
    """The schema of a tool with these properties."""
    return {"type": "object", "properties": properties, "required": required.split()}


STRING, NULL = {"type": "string"}, {"type": "null"}
DRAFT_07 = {"$schema": "http://json-schema.org/draft-07/schema#"}
POINT = of("x", x={"type": "number"}, y={"type": "number"})
TREE = of("name", name=STRING, children={"type": "array", "items": {"$ref": "#/$defs/Tree"}})
SHAPES = {
    "oneOf": [
        of("kind radius", kind={"const": "circle"}, radius={"type": "number"}),
        of("kind width", kind={"const": "square"}, width={"type": "number"}),
    ]
}
CASES: dict[str, Case] = {
    "texts": (of("q", q=STRING, more=STRING), {"q": 'a "b" <c>'}),
    "an empty text that is sent": (of(q=STRING), {"q": ""}),
    "several lines": (of("body", body=STRING), {"body": "\none\n\ntwo\n"}),
    "numbers": (of(n={"type": "integer"}, x={"type": "number"}), {"n": 10**20, "x": -1.5e-7}),
    "a whole number as a fraction": (of(x={"type": "number"}), {"x": 2.0}),
    "yes and no": (of("a", a={"type": "boolean"}, b={"type": "boolean"}), {"a": False}),
    "enum of few": (of(a={"enum": ["x", "y", 1, None]}), {"a": None}),
    "enum of many": (of(a={"type": "string", "enum": [f"v{n}" for n in range(9)]}), {"a": "v7"}),
    "const": (of("a", a={"const": 3}), {"a": 3}),
    "optional by anyOf with null": (of(a={"anyOf": [STRING, NULL], "default": None}), {"a": None}),
    "types with null": (of("a", a={"type": ["integer", "null"]}), {"a": None}),
    "nullable as of OpenAPI": (of("a", a={"type": "string", "nullable": True}), {"a": None}),
    "a list": (of(a={"type": "array", "items": STRING}), {"a": ["x", "", "z"]}),
    "an empty list that is sent": (of(a={"type": "array", "items": STRING}), {"a": []}),
    "some of": (
        of(a={"type": "array", "uniqueItems": True, "items": {"enum": ["x", "y", "z"]}}),
        {"a": ["x", "z"]},
    ),
    "some of, in another order": (
        of(a={"type": "array", "uniqueItems": True, "items": {"enum": ["x", "y"]}}),
        {"a": ["y", "x"]},
    ),
    "a pair": (of(a={"type": "array", "prefixItems": [STRING, {"type": "integer"}]}), {"a": ["x", 1]}),
    "objects in a list": (of(a={"type": "array", "items": POINT}), {"a": [{"x": 1, "y": 2}, {"x": 3}]}),
    "lists in a list": (
        of(a={"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        {"a": [[1], []]},
    ),
    "an object within": (of("p", p=POINT), {"p": {"x": 1}}),
    "names like paths": (
        of(**{"a/b": STRING, "+0": STRING, "~%": POINT}),
        {"a/b": "1", "+0": "2", "~%": {"x": 1}},
    ),
    "a map of texts": (
        of(env={"type": "object", "additionalProperties": STRING}),
        {"env": {"A": "1", "b c": "", "": "x"}},
    ),
    "a map by a pattern": (
        of(h={"type": "object", "patternProperties": {"^X-": STRING}}),
        {"h": {"X-A": "1"}},
    ),
    "anything": (of(a={}), {"a": {"b": [1, None]}}),
    "an object of anything": (of(a={"type": "object"}), {"a": {"n": 1, "t": "x", "l": [1], "o": None}}),
    "unknown properties": (of(a=STRING), {"a": "x", "b": {"c": 1}}),
    "$defs": (of("p") | {"properties": {"p": {"$ref": "#/$defs/P"}}, "$defs": {"P": POINT}}, {"p": {"x": 1}}),
    "definitions of draft-07": (
        DRAFT_07 | of("p") | {"properties": {"p": {"$ref": "#/definitions/P"}}, "definitions": {"P": POINT}},
        {"p": {"x": 1, "y": 2}},
    ),
    "a tree": (
        of("t") | {"properties": {"t": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": TREE}},
        {"t": {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}},
    ),
    "allOf": (of("p", p={"allOf": [POINT, of("z", z={"type": "number"})]}), {"p": {"x": 1, "z": 2}}),
    "one of some objects": (of("s", s=SHAPES), {"s": {"kind": "square", "width": 2}}),
    "a list of one of some objects": (
        of(s={"type": "array", "items": SHAPES}),
        {"s": [{"kind": "square", "width": 2}, {"kind": "circle", "radius": 1}]},
    ),
    "text or number": (of(a={"type": ["string", "number"]}), {"a": 5}),
    "text or list": (of(a={"anyOf": [STRING, {"type": "array", "items": STRING}]}), {"a": ["x"]}),
    "one of some words": (of(a={"oneOf": [{"const": "x", "title": "X"}, {"const": "y"}]}), {"a": "y"}),
    "dates": (
        of(d={"type": "string", "format": "date"}, t={"type": "string", "format": "date-time"}),
        {"d": "2026-02-03", "t": "2026-02-03T04:05:06Z"},
    ),
    "mail and address": (
        of(m={"type": "string", "format": "email"}, u={"type": "string", "format": "uri"}),
        {"m": "a@b.example", "u": " https://x "},
    ),
    "a header's value": (of(r={"type": "string", "x-mcp-header": "Region"}), {"r": "eu"}),
    "a carriage return": (of(a=STRING), {"a": "x\r\ny"}),
    "not what the schema says": (of("n", n={"type": "integer"}, l={"type": "array"}), {"n": "12", "l": "x"}),
}
"""By what is peculiar about them."""

FALLS_BACK = {
    "a reference elsewhere": of(a={"$ref": "https://example.org/schema.json"}),
    "a reference to nothing": of(a={"$ref": "#/$defs/Nothing"}),
    "allOf that contradicts": of(a={"allOf": [STRING, {"type": "integer"}]}),
    "choices within choices that both have to fit": of(a={"anyOf": [POINT, STRING], "oneOf": [POINT, TREE]}),
}
"""What no form can be made of: that field alone is asked for as JSON."""


def _twice(name: str) -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"#/$defs/{name}"}] * 20, "allOf": [{"$ref": f"#/$defs/{name}"}] * 20}


ENDLESS = {
    "refers to itself": of(a={"$ref": "#/properties/a"}),
    "refers to itself in all": of(a={"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
    "many times over": of("a", a={"$ref": "#/$defs/n0"})
    | {"$defs": {f"n{n}": _twice(f"n{n + 1}") for n in range(30)}},
    "choices of itself": of("a", a={"$ref": "#/$defs/A"})
    | {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}] * 9}}},
    "a pattern that takes for ever": of("a", a={"type": "string", "pattern": "^(a+)+$"}),
}
"""Schemas that a hostile server could write to keep the console busy."""
