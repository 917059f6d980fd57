"""Values that a document leaves open: found and filled, never taken from our own environment."""

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
