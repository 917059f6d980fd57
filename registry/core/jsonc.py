"""JSON as people write it, comments and trailing commas included, made plain in one pass."""

from __future__ import annotations

import re

from registry.core.places import ROOT
from registry.errors import InvalidConfigError

# Possessive quantifiers: no input makes this go back over what it has read.
_TOKEN = re.compile(
    r'"(?:[^"\\]++|\\.)*+"|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/|[{}\[\],]|[^\s"/{}\[\],]++|\s++|.', re.DOTALL
)


def plain(text: str, max_depth: int) -> str:
    """The same text for a strict parser, line for line; nesting deeper than *max_depth* is refused here."""
    pieces: list[str] = []
    depth, comma, before = 0, -1, ""
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith(("//", "/*")):
            pieces.append(re.sub(r"[^\n]", " ", token))
            continue
        if token.isspace():
            pieces.append(token)
            continue
        if token in ("/", '"'):
            raise _unfinished(text, match.start(), token)
        if token in ("{", "["):
            depth += 1
            if depth > max_depth:
                raise InvalidConfigError(ROOT, f"is nested deeper than {max_depth} levels", "Flatten it")
        elif token in ("}", "]"):
            depth -= 1
            if comma >= 0:
                pieces[comma] = " "
        comma = len(pieces) if token == "," and before not in ("", "{", "[", ",") else -1
        pieces.append(token)
        before = token
    return "".join(pieces)


def _unfinished(text: str, at: int, token: str) -> InvalidConfigError:
    line = text.count("\n", 0, at) + 1
    what = "a text that does not end" if token == '"' else "a stray slash or a comment that does not end"
    return InvalidConfigError(ROOT, f"has {what} in line {line}", "Put it right there")
