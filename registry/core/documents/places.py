"""Places in a document, as people write them: mcpServers.weather.args[2]."""

from __future__ import annotations

import re

Place = tuple[str | int, ...]
ROOT = "document"
_PLAIN = re.compile(r"[A-Za-z0-9_$@*+-]+\Z")
_LONGEST = 80


def shorten(text: str, limit: int = _LONGEST) -> str:
    """Text from a document, fit for a message: printable, one line, not longer than *limit*."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: limit + 1])
    return clean if len(text) <= limit else clean[:limit] + "…"


def show(place: Place) -> str:
    """The place in words; the document itself when there is nothing to name."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.match(part):
            text += f".{shorten(part)}"
        else:
            text += f'["{shorten(part)}"]'
    return text.removeprefix(".") or ROOT
