"""Which change of a tool breaks whom, sentence by sentence."""

from __future__ import annotations

import time
from typing import Any

import pytest

from registry.core.contract import compare
from registry.core.contract.compare import Action, Change, Grade

B, C, T = Grade.BREAKING, Grade.COMPATIBLE, Grade.TEXT
STRING, INTEGER = {"type": "string"}, {"type": "integer"}
CLOSED = {"additionalProperties": False}
MANY = [f"p{number}" for number in range(10_000)]


def tool(properties: dict[str, Any] | None = None, *required: str, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties or {}, "required": list(required)}
    return {"input_schema": schema | more.pop("schema", {}), **more}


def change(old: dict[str, Any], new: dict[str, Any]) -> Change:
    found = compare.changed("tool", old, new)
    assert found is not None
    return found


def of_city(old: Any, new: Any) -> list[tuple[Grade, str]]:
    found = change(tool({"city": old}), tool({"city": new}))
    return [(line.grade, line.text) for line in found.lines]


def test_added_removed_and_changed_tools_are_told_apart() -> None:
    old = {"a": tool(), "b": tool(), "c": tool()}
    new = {"b": tool(), "c": tool(description="x"), "d": tool()}
    found = [(one.name, one.action, one.grade) for one in compare.changes(old, new)]
    assert found == [("c", Action.CHANGED, T), ("d", Action.ADDED, C), ("a", Action.REMOVED, B)]


def test_what_is_the_same_in_another_order_is_no_change() -> None:
    one = {"input_schema": {"type": "object", "properties": {"a": STRING, "b": INTEGER}}}
    other = {"input_schema": {"properties": {"b": INTEGER, "a": STRING}, "type": "object"}}
    assert compare.changes({"t": one}, {"t": other}) == []


def test_a_property_that_becomes_required_breaks_with_its_place() -> None:
    found = change(tool({"city": STRING}), tool({"city": STRING}, "city"))
    assert (found.grade, found.lines[0].text) == (B, "city: was optional, is now required")


@pytest.mark.parametrize(
    ("new", "grade", "text"),
    [
        (tool({"city": STRING, "day": STRING}, "day"), B, "day: new, required"),
        (tool({"city": STRING, "day": STRING}), C, "day: new, optional"),
        (tool({}), C, "city: removed"),
        (tool({}, schema={"additionalProperties": False}), B, "city: removed, and refused now"),
        (tool({"city": STRING}, schema=CLOSED), B, "arguments: other properties are refused now"),
        (tool({"city": STRING}, schema={"minProperties": 1}), B, "the fewest properties was not limited"),
        (tool({"city": STRING}, schema={"x-mcp-header": "A"}), B, "'x-mcp-header' changed, and what"),
        (tool({"city": STRING}, schema={"$schema": "4"}), B, "the dialect"),
    ],
)  # fmt: skip
def test_changes_of_the_whole(new: dict[str, Any], grade: Grade, text: str) -> None:
    found = change(tool({"city": STRING}), new)
    assert found.grade is grade
    assert text in " | ".join(line.text for line in found.lines)


@pytest.mark.parametrize(
    ("old", "new", "grade", "text"),
    [
        (STRING, INTEGER, B, "city: was string, is now integer"),
        (INTEGER, {"type": "number"}, C, "city: was integer, is now number"),
        ({"type": "number"}, INTEGER, B, "city: was number, is now integer"),
        (STRING, {"type": ["string", "null"]}, C, "city: was string, is now string or null"),
        ({"type": ["string", "null"]}, STRING, B, "city: was string or null, is now string"),
        (STRING, {"anyOf": [STRING, {"type": "null"}]}, C, "city: now also takes null"),
        ({"anyOf": [STRING, {"type": "null"}]}, STRING, B, "city: no longer takes null"),
        ({"oneOf": [STRING]}, {"oneOf": [STRING, {"type": "null"}]}, C, "now also takes null"),
        ({"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}, C, 'city: now also takes "c"'),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, B, 'city: no longer takes "b"'),
        ({"const": 1}, {"enum": [1.0, 2]}, C, "city: now also takes 2"),
        ({"const": 1}, {"const": True}, B, "city: no longer takes 1"),
        ({"enum": ["a"]}, STRING, C, 'city: is no longer limited to "a"'),
        (STRING, {**STRING, "enum": ["a"]}, B, 'city: is now limited to "a"'),
        (STRING, {**STRING, "minLength": 2}, B, "city: the shortest length was not limited, is now 2"),
        ({**STRING, "maxLength": 2}, {**STRING, "maxLength": 9}, C, "the longest length was 2, is now 9"),
        (INTEGER, {**INTEGER, "minLength": 2}, T, "is written differently and means the same"),
        ({**INTEGER, "minimum": 1}, {**INTEGER, "exclusiveMinimum": 1}, B, "value was 1, is now above 1"),
        ({**INTEGER, "maximum": 1}, {**INTEGER, "maximum": 2}, C, "city: the highest value was 1, is now 2"),
        ({**INTEGER, "multipleOf": 4}, {**INTEGER, "multipleOf": 2}, C, "multipleOf was 4, is now 2"),
        ({**INTEGER, "multipleOf": 2}, {**INTEGER, "multipleOf": 4}, B, "multipleOf was 2, is now 4"),
        ({**STRING, "pattern": "^a"}, {**STRING, "pattern": "^b"}, B, "pattern was ^a, is now ^b"),
        ({**STRING, "pattern": "^a"}, STRING, C, "city: pattern is no longer asked for"),
        (STRING, {**STRING, "format": "date"}, B, "city: format date is asked for now"),
        ({"items": STRING}, {"items": INTEGER}, B, "city[]: was string, is now integer"),
        ({"prefixItems": [STRING]}, {"prefixItems": [STRING], "items": False}, B, "no longer accepts"),
        ({"not": STRING}, {"not": INTEGER}, B, "city: not was"),
        ({"if": STRING, "then": {}}, {"if": STRING, "then": {"maxLength": 1}}, B, "the rule of if/then"),
        ({"allOf": [STRING]}, {"allOf": [STRING, {"maxLength": 3}]}, B, "was not limited, is now 3"),
        ({"allOf": [{"minLength": 1}, {"minLength": 2}]}, {"allOf": [{"minLength": 1}]}, C, "allOf"),
        ({"unevaluatedProperties": False}, {"unevaluatedProperties": True}, B, "what other rules left over"),
        ({"frobnicate": 1}, {"frobnicate": 2}, B, "'frobnicate' changed, and what that means is not known"),
        (STRING, {**STRING, "default": "x"}, C, 'city: default was none, is now "x"'),
        (STRING, {**STRING, "description": "x"}, T, "city: its description changed"),
        ({"type": "wat"}, {"type": "what"}, B, "its type changed, and cannot be read"),
        (STRING, 5, B, "changed, and is no schema"),
        (STRING, {"$ref": "https://example.com/s"}, B, "which cannot be followed"),
        (STRING, {"$ref": "#/$defs/gone"}, B, "which is not there"),
        (STRING, False, B, "city: no longer accepts anything"),
        (False, STRING, C, "city: accepted nothing, now accepts something"),
    ],
)  # fmt: skip
def test_changes_of_a_property(old: Any, new: Any, grade: Grade, text: str) -> None:
    lines = of_city(old, new)
    assert lines[0][0] is grade, lines
    assert text in " | ".join(words for _, words in lines)


def test_a_new_optional_property_breaks_where_anything_was_allowed_under_its_name() -> None:
    loose = {"additionalProperties": True}
    found = change(tool(schema=loose), tool({"day": INTEGER}, schema=loose))
    assert (found.grade, found.lines[0].text) == (
        B, "day: new, optional; other values were possible under this name"
    )  # fmt: skip


def test_references_are_followed_and_loops_end() -> None:
    def tree(*required: str) -> dict[str, Any]:
        node = {
            "type": "object",
            "properties": {"name": STRING, "kids": {"items": {"$ref": "#/$defs/node"}}},
            "required": list(required),
        }
        return tool({"root": {"$ref": "#/$defs/node"}}, schema={"$defs": {"node": node}})

    assert [line.text for line in change(tree(), tree("name")).lines] == [
        "root.name: was optional, is now required"
    ]
    assert change(tree("name"), tree()).grade is C
    inline = tool({"city": {"type": "string"}})
    named = tool({"city": {"$ref": "#/$defs/city"}}, schema={"$defs": {"city": STRING}})
    assert change(inline, named).grade is T


def test_a_reference_to_itself_is_not_called_compatible() -> None:
    def loop(more: dict[str, Any]) -> dict[str, Any]:
        loop = {"anyOf": [{"$ref": "#/$defs/loop"}, more]}
        return tool({"a": {"$ref": "#/$defs/loop"}}, schema={"$defs": {"loop": loop}})

    assert change(loop(STRING), loop(INTEGER)).grade is B


def test_allof_beside_another_part_keeps_its_own_meaning() -> None:
    """Alone, `additionalProperties: false` allows nothing: joined with its neighbour it would allow `a`."""
    old = {"allOf": [{"properties": {"a": {}}}, {"type": "object"}]}
    new = {"allOf": [{"properties": {"a": {}}}, {"type": "object", "additionalProperties": False}]}
    assert of_city(old, new)[0][0] is B


def test_the_output_schema_is_seen_from_the_other_side() -> None:
    def out(schema: Any) -> dict[str, Any]:
        return tool(output_schema=schema)

    def of(*required: str, **properties: Any) -> Any:
        return {"type": "object", "properties": properties, "required": list(required)}

    assert change(out(of("a", a=STRING)), out(of(a=STRING))).lines[0] == compare.Line(
        grade=B, text="result.a: was required, is now optional"
    )
    assert change(out(of(a=STRING)), out(of("a", a=STRING))).grade is C
    assert change(out(of(a=STRING)), out(of(a={"type": ["string", "null"]}))).grade is B
    assert change(out(of(a=STRING)), out(of(a={**STRING, "enum": ["x"]}))).grade is C
    assert change(out(of(a=STRING)), out(of(a=STRING, b=STRING))).grade is C
    closed = {"additionalProperties": False}
    assert change(out(of(a=STRING) | closed), out(of(a=STRING, b=STRING) | closed)).grade is B
    assert change(out(None), out(of())).grade is C
    assert change(out(of()), out(None)).grade is B


@pytest.mark.parametrize(
    ("old", "new", "grade"),
    [
        ({"readOnlyHint": True}, {}, B),
        ({}, {"readOnlyHint": True}, C),
        ({"destructiveHint": False}, {"destructiveHint": True}, B),
        ({}, {"destructiveHint": True}, None),
        ({}, {"destructiveHint": False}, C),
        ({"title": "a"}, {"title": "b"}, T),
    ],
)
def test_an_assurance_that_is_taken_back_breaks(old: Any, new: Any, grade: Grade | None) -> None:
    found = change(tool(annotations=old), tool(annotations=new))
    assert found.grade is (grade or T)


def test_prompts_break_by_their_arguments() -> None:
    def prompt(*arguments: Any) -> dict[str, Any]:
        return {"name": "p", "arguments": list(arguments)}

    city = {"name": "city", "required": False}
    assert compare.item_changed("p", prompt(), prompt()) is None
    found = compare.item_changed("p", prompt(city), prompt({**city, "required": True}))
    assert found
    assert (found.grade, found.lines[0].text) == (B, "city: was optional, is now required")
    assert compare.item_changed("p", prompt(), prompt(city)).grade is C  # type: ignore[union-attr]
    assert compare.item_changed("p", prompt(city), prompt()).grade is B  # type: ignore[union-attr]
    assert compare.item_changed("p", {"description": "a"}, {"description": "b"}).grade is T  # type: ignore[union-attr]


def nested(depth: int, leaf: Any) -> Any:
    schema = leaf
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


def doubling(n: int, leaf: Any) -> Any:
    """2 to the power of n paths through n definitions."""
    defs = {
        f"d{at}": {"properties": {side: {"$ref": f"#/$defs/d{at + 1}"} for side in "ab"}} for at in range(n)
    }
    return {"$ref": "#/$defs/d0", "$defs": defs | {f"d{n}": leaf}}


def wide(n: int, leaf: Any) -> Any:
    return {"anyOf": [{"properties": {f"p{at}": leaf, "x": {"minLength": at}}} for at in range(n)]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (nested(5_000, STRING), nested(5_000, INTEGER)),
        (nested(70, STRING), nested(70, INTEGER)),
        (doubling(60, STRING), doubling(60, INTEGER)),
        ({"enum": list(range(100_000))}, {"enum": list(range(1, 100_001))}),
        ({"enum": list(range(20_000))}, {"enum": list(range(1, 20_001))}),
        ({"properties": dict.fromkeys(MANY, STRING)}, {"properties": dict.fromkeys(MANY, INTEGER)}),
        (wide(60, STRING), wide(60, INTEGER)),
        (wide(2_000, STRING), wide(2_000, INTEGER)),
        ({"anyOf": [{"anyOf": [{"anyOf": [STRING] * 60}] * 60}] * 60}, {"anyOf": [INTEGER]}),
        ({"minimum": 10**400}, {"minimum": -(10**400)} | {"maxLength": 1e308}),
        ({"allOf": [{"$ref": "#"}] * 100}, {"allOf": [{"$ref": "#"}] * 99}),
        ({"pattern": "(a+)+$", "enum": ["a" * 5000 + "!"]}, {"pattern": "(a+)+b$", "enum": ["a" * 5000]}),
    ],
    ids=str.split("deep depth doubling huge-enum enum properties wide very-wide anyof numbers loop pattern"),
)  # fmt: skip
def test_a_hostile_schema_ends_soon_and_is_not_called_compatible(old: Any, new: Any) -> None:
    started = time.process_time()
    found = change({"input_schema": old}, {"input_schema": new})
    assert time.process_time() - started < 3
    assert len(found.lines) <= compare.LINES_AT_MOST
    assert found.grade is B
