"""Placeholders such as `${VAR}`: found and filled, never from our own environment."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

SECRET = re.compile(r"\$\{secret:([A-Za-z0-9._-]{1,200})\}")
_ANY = re.compile(
    r"\$\{(?:(?P<kind>secret|env|input):)?(?P<name>[A-Za-z_0-9][\w.-]{0,150})(?::-(?P<default>[^${}]{0,500}))?\}"
    r"|\{env:(?P<braced>[A-Za-z_]\w{0,150})\}"
    r"|%(?P<percent>[A-Za-z_]\w{0,150})%",
    re.ASCII,
)
_HEX = re.compile(r"[0-9A-Fa-f]{2}")


@dataclass(frozen=True, kw_only=True)
class Placeholder:
    """One hole in a text: what it asks for, and what stands in for it when nobody answers."""

    start: int
    end: int
    name: str
    kind: str
    default: str | None


def holes(text: str) -> list[Placeholder]:
    """Every placeholder in order; a percent-encoded part of a URL is not one."""
    return [_placeholder(match) for match in _ANY.finditer(text) if not _encoded(match)]


def _encoded(match: re.Match[str]) -> bool:
    """Whether `%C3x%20` is two encoded bytes and not the variable C3x."""
    name = match["percent"]
    return bool(name and _HEX.match(name) and _HEX.match(match.string, match.end()))


def _placeholder(match: re.Match[str]) -> Placeholder:
    name = match["name"] or match["braced"] or match["percent"]
    return Placeholder(
        start=match.start(),
        end=match.end(),
        name=name,
        kind=match["kind"] or "env",
        default=match["default"],
    )


def replaced(text: str, put: Callable[[Placeholder], str]) -> str:
    """The text with each placeholder given to *put*; what comes back is not looked at again."""
    pieces, at = [], 0
    for hole in holes(text):
        pieces += [text[at : hole.start], put(hole)]
        at = hole.end
    return "".join([*pieces, text[at:]])


def reference(name: str) -> str:
    """How a stored entry points to a secret."""
    return f"${{secret:{name}}}"


def alike(stored: object, given: object) -> bool:
    """Whether what is given could be what is stored, whatever stands in for placeholders in either."""
    if isinstance(stored, list) and isinstance(given, list) and len(stored) == len(given):
        return all(alike(one, other) for one, other in zip(stored, given, strict=True))
    if not isinstance(stored, str) or not isinstance(given, str) or not holes(stored):
        return stored == given
    texts, at = _between(stored), 0
    if not given.startswith(texts[0]) or not given.endswith(texts[-1]):
        return False
    for text in texts:
        found = given.find(text, at)
        if found < 0:
            return False
        at = found + len(text)
    return True


def _between(text: str) -> list[str]:
    """What stands before, between and after the placeholders."""
    found = holes(text)
    ends = [0, *(hole.end for hole in found)]
    starts = [*(hole.start for hole in found), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]
