"""What changed between two documents, by service."""

from __future__ import annotations

import difflib
import json
from typing import Any


def _servers(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)["mcpServers"] if text else {}
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def summary(before: str, after: str) -> str:
    """One line: added a, b; changed c; removed d."""
    old, new = _servers(before), _servers(after)
    parts = {
        "added": [name for name in new if name not in old],
        "changed": [name for name in new if name in old and new[name] != old[name]],
        "removed": [name for name in old if name not in new],
    }
    said = [f"{verb} {_names(names)}" for verb, names in parts.items() if names]
    return "; ".join(said) or "order or layout changed"


def _names(names: list[str], limit: int = 5) -> str:
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def lines(before: str, after: str, *, old: str = "before", new: str = "after") -> list[str]:
    """A unified diff, without line ends."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm=""))
