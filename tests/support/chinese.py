"""How Chinese is set: with its own marks, and without the spaces of other scripts."""

from __future__ import annotations

import re

HAN = "\u3400-\u9fff）”》"
LATIN_MARK = re.compile(rf"[{HAN}][.,:;?!]|%(?:\(\w+\))?[sd][.,:;?!](?=\s|$)")
"""A value counts where a part of the text ends with it; `%(host)s:%(port)s` goes on."""
GAP = re.compile(rf"(?<=[{HAN}，。：；、？！])\s+(?=[{HAN}，。：；、？！（“《])|[，。：；、？！] ")


def latin_marks(text: str) -> list[str]:
    """Where a Latin mark stands at the end of Chinese words."""
    if not re.search(rf"[{HAN}]", text):
        return []
    return [text[max(0, found.start() - 10) : found.end() + 5] for found in LATIN_MARK.finditer(text)]


def gaps(text: str) -> list[str]:
    """Where a space, or the end of a line, tears Chinese apart."""
    return [text[max(0, found.start() - 10) : found.end() + 5] for found in GAP.finditer(text)]


TRANSLATED = r"\{% translate (?:\"[^\"]*\"|'[^']*')(?: context \"[^\"]*\")? %\}"
CLOSED = r"(?:\{% endif %\})?(?:</\w+>)*(?:\{% if [^%]*%\})?"
AFTER_OURS = re.compile(
    rf"(?:\|said(?:\|\w+)? \}}\}}|{TRANSLATED}|endblocktranslate %\}}){CLOSED}[.,:;](?=[\s<{{]|$)"
)


def marks_after_words(template: str) -> list[str]:
    """Where a template sets a Latin mark after what is translated."""
    return [found.group() for found in AFTER_OURS.finditer(template)]
