"""What changed between two documents, by service."""

from __future__ import annotations

import difflib
import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.core.diff.lines import Change, Lined


def _servers(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)["mcpServers"] if text else {}
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def summary(before: str, after: str) -> str:
    """One line: added a, b; changed c; removed d. Without a *before* it is the first version."""
    return told(_servers(before), _servers(after), first=not before)


def told(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    first: bool = False,
    same: Callable[[Any, Any], bool] = operator.eq,
) -> str:
    """The same of the services of two documents, by name; *same* says whether one did not change."""
    parts = {
        "added": [name for name in new if name not in old],
        "changed": [name for name in new if name in old and not same(old[name], new[name])],
        "removed": [name for name in old if name not in new],
    }
    said = [f"{verb} {_names(names)}" for verb, names in parts.items() if names]
    return "; ".join(said) or ("no services yet" if first else "order or layout changed")


def _names(names: list[str], limit: int = 5) -> str:
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def lines(before: str, after: str, *, old: str = "before", new: str = "after") -> list[str]:
    """A unified diff, without line ends."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm=""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a comparison: same, out or in, with its numbers; a gap stands for lines left out."""

    kind: str
    text: str = ""
    old: int | None = None
    new: int | None = None


CONTEXT = 3


def compared(before: str, after: str) -> list[Line]:
    """The lines that differ, with some around them; empty where none does."""
    old, new = before.splitlines(), after.splitlines()
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    if start == len(old) == len(new):
        return []
    start, end = max(start - CONTEXT, 0), max(end - CONTEXT, 0)
    cut_old, cut_new = old[start : len(old) - end], new[start : len(new) - end]
    found: list[Line] = []
    last = 0
    for group in Lined(cut_old, cut_new).get_grouped_opcodes(CONTEXT):
        found += [Line(kind="gap")] if start + group[0][1] else []
        found += [line for change in group for line in _lines_of(change, cut_old, cut_new, start)]
        last = start + group[-1][2]
    return [*found, Line(kind="gap")] if last < len(old) else found


def _alike(old: list[str], new: list[str]) -> int:
    """How many lines are the same at the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))


def _lines_of(change: Change, old: list[str], new: list[str], start: int) -> list[Line]:
    what, old_from, old_to, new_from, new_to = change
    if what == "equal":
        return [
            Line(kind="same", text=old[at], old=start + at + 1, new=start + at + 1 + new_from - old_from)
            for at in range(old_from, old_to)
        ]
    out = [Line(kind="out", text=old[at], old=start + at + 1) for at in range(old_from, old_to)]
    return out + [Line(kind="in", text=new[at], new=start + at + 1) for at in range(new_from, new_to)]


def marked(lines: list[Line]) -> list[str]:
    """Lines as a diff has them; a gap is an empty text."""
    marks = {"same": "  ", "in": "+ ", "out": "- ", "gap": ""}
    return [marks[line.kind] + line.text for line in lines]
