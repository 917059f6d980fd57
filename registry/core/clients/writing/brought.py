"""What an entry brought along from the client whose file it was in, and means nothing here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.core.clients.in_force import HOLD_HEADERS, is_in_force
from registry.core.clients.recognition import ASIDE, MARK, evidence
from registry.core.clients.table import CLIENTS


def source(stored: Mapping[str, Any]) -> str:
    """The client whose terms the entry was in; empty where nothing tells."""
    said = stored.get(MARK)
    return said if isinstance(said, str) and said in CLIENTS else evidence(stored)[0]


def along(stored: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the entry has and nothing here reads, as it stood there."""
    client = source(stored)
    for key, value in stored.items():
        if key == ASIDE and isinstance(value, dict):
            yield from value.items()
        elif key in HOLD_HEADERS and isinstance(value, dict) and "headers" in value:
            if rest := {part: inner for part, inner in value.items() if part != "headers"}:
                yield key, rest
        elif not is_in_force(key, value, client):
            yield key, value
