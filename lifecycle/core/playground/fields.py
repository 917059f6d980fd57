"""The form: a tree of fields, made of a schema and the value that it shows. Nothing else decides on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from lifecycle.core.playground.kinds import ABSENT, Kind
from registry.core.secrecy import credentials

LONG_TEXT: Final = 200
_LONG: Final = frozenset(
    {"text", "content", "contents", "body", "message", "prompt", "code", "script", "sql", "html"}
    | {"markdown", "notes", "thought", "comment"}
)
"""The last word of names whose texts mostly have several lines."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CONTROLS: Final = {"email": "email", "uri": "url", "url": "url", "date": "date"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One value to choose, as JSON; of variants its number."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where a field stands: the names on the way to it, and what may be done with it there."""

    path: str = ""
    key: str = ""
    required: bool = True
    row: bool = False
    at: int = -1
    of: int = 0

    @property
    def in_list(self) -> bool:
        """Whether it is an item of an array."""
        return self.at >= 0

    def below(self, segment: str, **about: Any) -> Where:
        """The place of what is inside it."""
        return Where(path=f"{self.path}/{segment}", **about)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field. `fresh` is what is added to it, or what it begins with where it is absent."""

    kind: Kind
    where: Where
    spec: Mapping[str, Any]
    present: bool = True
    null: bool = False
    nullable: bool = False
    empty: bool = False
    text: str = ""
    control: str = "text"
    options: list[Option] = field(default_factory=list)
    children: list[Field] = field(default_factory=list)
    fresh: Any = ABSENT
    adds: bool = False

    @property
    def path(self) -> str:
        """What its controls are named after."""
        return self.where.path

    @property
    def whole(self) -> bool:
        """Whether nothing in it has to be written as JSON."""
        return self.kind is not Kind.JSON and all(child.whole for child in self.children)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a posted form said that its value does not: variants chosen, and texts that are no values."""

    choices: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, str] = field(default_factory=dict)


def segment(key: str) -> str:
    """A property's name within a path; never `+1`, which is a row of a map."""
    return quote(key, safe="")


def find(root: Field, path: str, kind: Kind | None = None) -> Field | None:
    """The field of that path; variants and the chosen one of them have the same, *kind* tells them apart."""
    if root.path == path and (kind is None or root.kind is kind):
        return root
    for child in root.children:
        on_the_way = path == child.path or path.startswith(f"{child.path}/")
        if on_the_way and (found := find(child, path, kind)):
            return found
    return None


def secret(spec: Mapping[str, Any], key: str) -> bool:
    """Whether it is a credential, by its schema or its name: as history masks it."""
    marked = spec.get("format") == "password" or spec.get("writeOnly") is True
    return marked or (bool(key) and credentials.names_one(key))


def control(spec: Mapping[str, Any], key: str, text: str) -> str:
    """Which control shows a text without changing it."""
    if secret(spec, key) and "\n" not in text:
        return "password"
    if "\n" in text or _is_long(spec, key):
        return "textarea"
    found = _CONTROLS.get(str(spec.get("format")), "text")
    if found == "date" and text and not _DATE.fullmatch(text):
        return "text"
    return found if text == text.strip() else "text"


def _is_long(spec: Mapping[str, Any], key: str) -> bool:
    longest = spec.get("maxLength")
    if isinstance(longest, int) and longest < LONG_TEXT:
        return False
    last = re.split(r"[_\-.]|(?<=[a-z])(?=[A-Z])", key)[-1].lower()
    return (isinstance(longest, int) or last in _LONG or "contentMediaType" in spec) and "format" not in spec
