"""Bridges such as mcp-remote: they fill placeholders in their arguments from their own environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from registry.core.entries.placeholders import Placeholder

_BRIDGE = re.compile(r"(?:.*[\\/])?mcp-remote(?:@[\w.^~-]+)?(?:\.cmd)?\Z")
_ENV = ("env", "environment", "envs")


def filled_by_bridge(entry: Mapping[str, Any]) -> frozenset[str]:
    """The variables of an entry that the bridge it starts puts into the arguments itself; mostly none."""
    if not any(_BRIDGE.match(word) for word in _words(entry)):
        return frozenset()
    return frozenset(str(name) for key in _ENV if isinstance(entry.get(key), dict) for name in entry[key])


def _words(entry: Mapping[str, Any]) -> list[str]:
    command, args = entry.get("command"), entry.get("args")
    words = command.split() if isinstance(command, str) else command
    listed = [*(words if isinstance(words, list) else []), *(args if isinstance(args, list) else [])]
    return [word for word in listed if isinstance(word, str)]


def leaves(text: str, hole: Placeholder, names: frozenset[str]) -> bool:
    """Whether this placeholder is one of those, written as a bridge reads it."""
    return hole.name in names and text[hole.start : hole.end] == f"${{{hole.name}}}"
