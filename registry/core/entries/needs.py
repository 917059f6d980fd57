"""`depends_on` of an entry: understood in three spellings, kept in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry.core.documents.places import Place, shorten, show
from registry.core.entries import fields, names
from registry.errors import InvalidConfigError

KEY = "dependsOn"
SPELLINGS = (KEY, "depends_on", "dependencies")
LONGEST_SHOWN = 6


def key_of(entry: Mapping[str, Any]) -> str:
    """The key under which the entry says it. `dependencies` that is no list belongs to somebody else."""
    return next((key for key in SPELLINGS if says(key, entry.get(key))), KEY)


def says(key: str, value: Any) -> bool:
    """Whether this key with this value is about the services that one depends on."""
    return key in SPELLINGS and value is not None and (key != "dependencies" or isinstance(value, list))


def read(entry: Mapping[str, Any], place: Place) -> tuple[str, ...]:
    """The names, each once, in their order; whether there are such services is not looked at here."""
    given = [key for key in SPELLINGS if says(key, entry.get(key))]
    if len(given) > 1:
        raise InvalidConfigError(show(place), f"has both {given[0]} and {given[1]}", "Keep one of them")
    return tuple(dict.fromkeys(fields.texts(entry, given[0], place))) if given else ()


def stored(entry: Mapping[str, Any]) -> list[str]:
    """The names in an entry that was checked before; nothing where it is not as we write it."""
    found = entry.get(key_of(entry))
    return [name for item in found if (name := fields.as_text(item))] if isinstance(found, list) else []


def written(entry: Mapping[str, Any], needed: Sequence[str]) -> dict[str, Any]:
    """The entry with exactly these names, in our spelling, at the place where they stood."""
    old = key_of(entry)
    if old not in entry:
        return {**entry, KEY: list(needed)} if needed else dict(entry)
    return {KEY if key == old else key: list(needed) if key == old else value for key, value in entry.items()}


def unknown(name: str, place: Place) -> InvalidConfigError:
    """No service of this name, neither here nor in the same document."""
    said = f'names "{shorten(name, names.LIMIT)}", ' if names.possible(name) else ""
    remedy = "Add that service too, or take the name out"
    return InvalidConfigError(show(place), f"{said}which is not a service", remedy)


def refused(name: str, place: Place) -> InvalidConfigError:
    """A service of the same document, which cannot be saved itself."""
    what = f'names "{name}", whose own entry cannot be saved'
    return InvalidConfigError(show(place), what, f"Correct {name} first, or take the name out")


def circular(cycle: Sequence[str], place: Place) -> InvalidConfigError:
    """Each would wait for the other for ever."""
    return InvalidConfigError(show(place), f"makes a cycle: {arrows(cycle)}", "Take one of them out")


def arrows(cycle: Iterable[str]) -> str:
    """weather → maps → weather; the middle of a long one is left out."""
    shown = list(cycle)
    if len(shown) > 2 * LONGEST_SHOWN:
        shown = [*shown[:LONGEST_SHOWN], "…", *shown[-LONGEST_SHOWN:]]
    return " → ".join(shown)
