"""What kinds of JSON values there are, and which kind of field shows one."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, Final

from registry.core.contract.schema_values import type_of


class Kind(StrEnum):
    """How a field is shown, and how what was typed is read again."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    FIXED = "fixed"
    OBJECT = "object"
    ARRAY = "array"
    SEVERAL = "several"
    VARIANTS = "variants"
    JSON = "json"


class Absent:
    """Stands for a value that is not there, which is something else than null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


def kind_of(value: Any) -> str:
    """The word of JSON Schema for it; a whole number is an *integer*."""
    found = type_of(value)
    return "number" if found == "fraction" else found


def is_of(value: Any, kind: str) -> bool:
    """Whether it is of that kind: a whole number is a number too."""
    found = kind_of(value)
    return found == kind or (found == "integer" and kind == "number")


def is_json_equal(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, but 1 is 1.0."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_json_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_json_equal(one[key], other[key]) for key in one)
    return bool(one == other)


def as_text(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def in_line(value: Any) -> str:
    """JSON in one line, as the value of an option."""
    return json.dumps(value, ensure_ascii=False)
