"""Three-way merge of a hand edit: what it changed is taken, later changes of our own stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Entries = Mapping[str, Any]
_NONE = object()


@dataclass(frozen=True, kw_only=True)
class Edit:
    """`touched` entries are to become what the file says, `removed` ones are to go; no other is meant."""

    touched: frozenset[str]
    removed: tuple[str, ...]


def edit(base: Entries, theirs: Entries, ours: Entries) -> Edit:
    """What *theirs* changed of *base*, as far as *ours* is not so already."""
    touched = {
        name
        for name, entry in theirs.items()
        if entry != base.get(name, _NONE) and entry != ours.get(name, _NONE)
    }
    return Edit(
        touched=frozenset(touched),
        removed=tuple(name for name in ours if name in base and name not in theirs),
    )


def merged(made: Edit, theirs: Entries, ours: Entries) -> dict[str, Any]:
    """*ours* with the edit in it, in the order of the file."""
    kept = {
        name: entry if name in made.touched else ours[name]
        for name, entry in theirs.items()
        if name in made.touched or name in ours
    }
    return kept | {name: entry for name, entry in ours.items() if name not in {*kept, *made.removed}}
