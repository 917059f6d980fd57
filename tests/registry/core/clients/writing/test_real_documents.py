"""Entries as people have them, in documents of every client, written for every other and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from registry.clients.words import text_of
from registry.core.clients.translation import translated
from registry.core.clients.writing.meaning import meant
from registry.core.clients.writing.table import TARGETS
from registry.core.clients.writing.write import written
from registry.core.documents import dialects
from registry.core.entries import filling, names
from registry.core.secrecy import redact
from registry.errors import InvalidConfigError
from tests.registry.core.clients.writing.test_round_trip import FILES, facts, read_back

DATA = Path(__file__).parents[3]
BRIDGED = {"transport", "command", "args", "url", "headers", "env"}
SAID = {
    "cwd": "its working directory",
    "call": "its tool call timeout",
    "start": "its start timeout",
    "on": "cannot disable it in this file",
    "transport": "its transport",
    "name": "is called",
}
FILLED_IN = "would replace it"
"""Then it is read back as a placeholder, and asked for."""


@cache
def real() -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return tuple(_entries())


def _entries() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted(DATA.glob("data*/**/*")):
        try:
            found = dialects.find(path.read_bytes(), file=str(path)).found if path.is_file() else ()
        except InvalidConfigError:
            continue
        for item in found:
            if item.problem is None and isinstance(item.raw, dict):
                name = str(item.name) if names.possible(str(item.name)) else "renamed"
                yield name, redact.cut(name, translated(item, item.raw).entry).entry


def values_of(entry: Mapping[str, Any], name: str) -> tuple[dict[str, str], dict[str, Any]] | None:
    """Values with which the entry can be taken, and what it then says; None where it never can."""
    for way in ("v{} x", "808{}", "https://v{}.example/"):
        values = {one: way.format(at) for at, one in enumerate(sorted(filling.references(entry)))}
        try:
            return values, facts(entry, values, name, on=True)
        except (InvalidConfigError, filling.MissingValueError):
            continue
    return None


@pytest.mark.parametrize("key", TARGETS)
def test_every_entry_that_people_have_comes_back_but_for_what_a_note_names(key: str) -> None:
    assert FILES.keys() == TARGETS.keys()
    tried = 0
    for name, entry in real():
        known = values_of(entry, name)
        if known is None:
            continue
        values, before = known
        made = written(TARGETS[key], [meant(name, entry, on=before["on"])])
        told = " ".join(text_of(note) for note in made.notes)
        if FILLED_IN in told:
            continue
        after, tried = read_back(key, made, values), tried + 1
        lost = {field for field in before if before[field] != after[field]}
        lost -= {field for field in SAID if SAID[field] in told}
        lost -= BRIDGED if re.search("through mcp-remote, an npm program", told) else set()
        assert not lost, f"{name}: {lost}\n{made.text}\n{made.notes}\n{before}\n{after}"
    assert tried > 150
