"""JSON as people write it, comments and trailing commas included, made plain in one pass."""

from __future__ import annotations

import re

from registry.core.documents.places import ROOT
from registry.errors import InvalidConfigError

# Possessive quantifiers: no input makes this go back over what it has read. None stands around a group:
# Python before 3.11.5 matches those wrongly.
_STRING, _COMMENT = r'"[^"\\]*+(?:\\.[^"\\]*+)*"', r"//[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/"
_WORD = re.compile(rf"""{_STRING}|{_COMMENT}|[{{}}\[\],]|[^\s"/{{}}\[\],]++|\s++|.""", re.DOTALL)


def plain(text: str, max_depth: int) -> str:
    """The same text for a strict parser, line for line; nesting deeper than *max_depth* is refused here."""
    pieces: list[str] = []
    depth, comma, before = 0, -1, ""
    for match in _WORD.finditer(text):
        word = match.group()
        if word.startswith(("//", "/*")):
            pieces.append(re.sub(r"[^\n]", " ", word))
            continue
        if word.isspace():
            pieces.append(word)
            continue
        if word in ("/", '"'):
            raise _unfinished(text, match.start(), word)
        if word in ("{", "["):
            depth += 1
            if depth > max_depth:
                raise InvalidConfigError(ROOT, f"is nested deeper than {max_depth} levels", "Flatten it")
        elif word in ("}", "]"):
            depth -= 1
            if comma >= 0:
                pieces[comma] = " "
        comma = len(pieces) if word == "," and before not in ("", "{", "[", ",") else -1
        pieces.append(word)
        before = word
    return "".join(pieces)


def _unfinished(text: str, at: int, word: str) -> InvalidConfigError:
    line = text.count("\n", 0, at) + 1
    what = "a text that does not end" if word == '"' else "a stray slash or a comment that does not end"
    return InvalidConfigError(ROOT, f"has {what} in line {line}", "Fix it there")
