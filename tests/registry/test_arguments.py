from __future__ import annotations

from registry.core.arguments import secret_values

SCHEMA = {
    "properties": {
        "pin": {"type": "string", "format": "password"},
        "note": {"type": "string", "writeOnly": True},
        "inner": {"properties": {"pin": {"format": "password"}}},
        "list": {"items": {"properties": {"pin": {"format": "password"}}}},
        "plain": {"type": "string"},
    }
}


def test_what_the_schema_or_the_name_marks_is_a_credential() -> None:
    given = {"pin": "1", "note": "2", "inner": {"pin": "3"}, "list": [{"pin": "4"}], "apiKey": {"a": ["5"]}}
    assert secret_values(SCHEMA, {**given, "plain": "open", "count": 7}) == ["1", "2", "3", "4", "5"]


def test_a_schema_that_is_none_leaves_the_names() -> None:
    assert secret_values(None, {"password": "1", "plain": "open"}) == ["1"]
    assert secret_values({"properties": []}, {"token": "1"}) == ["1"]
