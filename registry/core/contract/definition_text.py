"""A definition as lines that people can compare: its words first, then its schemas, keys in order. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from registry.core.contract.schema_values import deeper_than

DEEPEST = 80
FIRST = ("title", "description", "problem")


def as_text(definition: Mapping[str, Any] | None) -> str:
    """Many lines; none for a definition that is not there. Parts that say nothing are left out."""
    return "\n".join(_lines(definition or {}))


def _lines(definition: Mapping[str, Any]) -> Iterator[str]:
    rest = sorted(key for key in definition if key not in FIRST)
    for key in [*(key for key in FIRST if key in definition), *rest]:
        value = definition[key]
        if value in ("", None) or value == {} or value == []:
            continue
        if isinstance(value, str) and "\n" not in value and len(value) <= 100:
            yield f"{key}: {value}"
            continue
        yield f"{key}:"
        yield from (f"  {line}" for line in _long(value).splitlines())


def _long(value: Any) -> str:
    if isinstance(value, str):
        return value
    if deeper_than(value, DEEPEST):
        return "(nested too deep to show)"
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)
