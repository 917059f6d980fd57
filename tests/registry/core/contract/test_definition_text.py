"""A definition as comparable lines."""

from __future__ import annotations

from typing import Any

from registry.core.contract.definition_text import as_text


def test_order_of_keys_makes_no_difference_and_empty_parts_are_left_out() -> None:
    one = {"title": "", "input_schema": {"type": "object", "required": ["a"]}, "description": "Adds."}
    other = {"description": "Adds.", "input_schema": {"required": ["a"], "type": "object"}, "annotations": {}}
    assert as_text(one) == as_text(other)
    assert as_text(one).splitlines()[:2] == ["description: Adds.", "input_schema:"]


def test_a_long_text_keeps_its_lines() -> None:
    assert as_text({"description": "one\ntwo"}).splitlines() == ["description:", "  one", "  two"]


def test_what_is_endless_is_named_and_nothing_is_empty() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert "nested too deep" in as_text({"input_schema": deep})
    assert as_text(None) == ""
