"""Paths of Windows whose single backslashes JSON took for something else: `"c:\temp"` holds a TAB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from registry.core.documents.places import Place, shorten, show
from registry.core.secrecy import credentials
from registry.errors import InvalidConfigError

_LETTERS = {"\t": "t", "\b": "b", "\f": "f", "\n": "n", "\r": "r"}
_CONTROL = r"[\b\t\f\n\r]"
_PATH = re.compile(
    rf"""(?:[\w-]*=|["'])?(?:[A-Za-z]:|\.{{1,2}}|~|%\w+%|\\[\w$.-]+)"""
    rf"(?:{_CONTROL}|[\\/][^\b\t\f\n\r]*{_CONTROL})"
)
_NEVER = re.compile(r"[\b\f]")
_PLACES = ("command", "cmd", "args", "cwd", "env", "environment", "envs", "envFile")


def check(entry: Mapping[str, Any], place: Place) -> None:
    """Raise where a path has a TAB, a line end or the like that was meant as a backslash and a letter."""
    for key in _PLACES:
        _check(entry.get(key), (*place, key), whole=key in ("command", "cmd", "cwd"))


def _check(value: object, place: Place, *, whole: bool) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check(item, (*place, key), whole=key == "path")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, (*place, index), whole=False)
    elif isinstance(value, str) and _is_broken(value, whole=whole):
        raise _broken(value, place)


def _is_broken(text: str, *, whole: bool) -> bool:
    if text.isprintable():
        return False
    inside = text.strip("\r\n")
    if whole and any(char in inside for char in _LETTERS):
        return True
    return bool(_NEVER.search(text) or _PATH.match(inside))


def corrected(text: str) -> str:
    """The path that was meant."""
    return "".join(f"\\{_LETTERS[char]}" if char in _LETTERS else char for char in text)


def _broken(text: str, place: Place) -> InvalidConfigError:
    meant = corrected(text)
    names = {"\t": "a TAB", "\b": "a backspace", "\f": "a form feed", "\n": "a line end", "\r": "a line end"}
    char = next(char for char in text if char in _LETTERS)
    written = (
        "" if credentials.looks_like_one(text) else f': "{shorten(meant.replace(chr(92), chr(92) * 2))}"'
    )
    what = f"has {names[char]} in it, where \\{_LETTERS[char]} was written with one backslash"
    return InvalidConfigError(show(place), what, f"Write each backslash twice, or use /{written}")
