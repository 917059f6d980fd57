"""Variables and headers that may stay without a value: left out until somebody gives one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from registry.core.documents.trees import strings
from registry.core.entries.placeholders import holes

_PLACES = ("env", "environment", "headers")


def without_unset(
    entry: Mapping[str, Any], optional: Collection[str], answered: Collection[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The entry without those that nobody answers, now or in the entry *before*."""
    made = dict(entry)
    unset = set(optional) - set(answered)
    for key in _PLACES:
        given, known = made.get(key), before.get(key)
        if unset and isinstance(given, dict):
            kept = known if isinstance(known, dict) else {}
            left = {name: value for name, value in given.items() if name in kept or not _names(value) & unset}
            made[key] = left
            if not left:
                del made[key]
    return made


def _names(value: object) -> set[str]:
    return {hole.name for hole in holes(value)} if isinstance(value, str) else set()


def may_be_answered(entry: object, optional: Collection[str]) -> list[str]:
    """Placeholders that nobody has to answer: optional ones, and those with a default."""
    found = [hole for text in strings(entry) for hole in holes(text) if hole.kind != "secret"]
    return list(
        dict.fromkeys(hole.name for hole in found if hole.default is not None or hole.name in optional)
    )
