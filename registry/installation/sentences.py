"""What was stored or raised in English, said in the language of whoever looks."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.encoding import force_str
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale

from registry.core.sentences import FULL, Sentences

register = template.Library()
"""Makes the filters `said` and `mark` a part of every template; see TEMPLATES in the settings."""
SOURCE = "en"
CONTEXT, PLURAL = "\x04", "\x00"


@register.filter
def said(text: object) -> str:
    """A sentence of ours in the current language; a text of anybody else's stays as it is."""
    words = "" if text is None else force_str(text)
    language = get_language() or SOURCE
    if language == SOURCE or isinstance(words, SafeString):  # what is HTML was said before it became that
        return words
    return _said(language, words)


@register.filter
def mark(latin: str) -> str:
    """What stands after words of ours, such as a colon and its space, in the current language."""
    return latin if (get_language() or SOURCE) == SOURCE else FULL.get(latin, latin)


@lru_cache(maxsize=8192)
def _said(language: str, text: str) -> str:
    return _sentences(language).say(text)


@lru_cache(maxsize=8)
def _sentences(language: str) -> Sentences:
    return Sentences(_catalogue(language))


def _catalogue(language: str) -> dict[str, str]:
    """English to this language: each text without a context, both forms of a plural."""
    found: dict[str, str] = {}
    for place in settings.LOCALE_PATHS:
        path = Path(place) / to_locale(language) / "LC_MESSAGES" / "django.mo"
        if path.exists():
            for text, other in _read(path.read_bytes()):
                if text and CONTEXT not in text:
                    found |= dict.fromkeys(text.split(PLURAL), other.split(PLURAL)[0])
    return found


def _read(content: bytes) -> list[tuple[str, str]]:
    """The pairs of a compiled catalogue; gettext's own reader keeps no plural of the English."""
    _, _, count, texts, others = struct.unpack("<5I", content[:20])

    def at(table: int, number: int) -> str:
        length, start = struct.unpack_from("<2I", content, table + 8 * number)
        return content[start : start + length].decode()

    return [(at(texts, number), at(others, number)) for number in range(count)]
