"""The functional check of an entry: a tool to call, what with, and what its answer must contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.documents.places import Place, show
from registry.core.entries import fields
from registry.errors import InvalidConfigError

CHECK = "x-mcpstore-check"
_PARTS = ("tool", "arguments", "expect")


@dataclass(frozen=True, kw_only=True)
class FunctionalCheck:
    """Call *tool* with *arguments*; the text of its answer must contain *expect*."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    expect: str = field(default="", repr=False)


def parse(entry: Mapping[str, Any], place: Place) -> FunctionalCheck | None:
    """Read the check; None where the entry has none."""
    if CHECK not in entry:
        return None
    given, at = entry[CHECK], (*place, CHECK)
    if not isinstance(given, dict):
        what = f"must be an object, but is {fields.kind(given)}"
        raise InvalidConfigError(show(at), what, 'Write {"tool": "…", "arguments": {}, "expect": "…"}')
    for part in given:
        if part not in _PARTS:
            raise InvalidConfigError(show((*at, part)), "is not known", f"Write {', '.join(_PARTS)}")
    tool, arguments = fields.text(given, "tool", at), given.get("arguments", {})
    if not tool.strip():
        raise InvalidConfigError(show((*at, "tool")), "is empty", "Write the name of a tool")
    if not isinstance(arguments, dict):
        what = f"must be an object, but is {fields.kind(arguments)}"
        raise InvalidConfigError(show((*at, "arguments")), what, 'Write {"name": "value"}')
    return FunctionalCheck(tool=tool, arguments=arguments, expect=fields.text(given, "expect", at))
