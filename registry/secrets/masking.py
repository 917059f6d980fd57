"""Known secret values in foreign texts: found however they are written, and replaced by dots."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from registry.core.entries.filling import MASK
from registry.core.secrecy import credentials

SHORTEST_MASKED = 4
SHORTEST_BASE64 = 8
SHORTEST_REMEMBERED = 8
REMEMBERED_AT_MOST = 100_000
_PLAIN = re.compile(r"[A-Za-z]{1,16}|[0-9.:]{1,15}|[A-Za-z0-9]{1,7}([-_.][A-Za-z0-9]{1,7}){0,3}")
_NONE: frozenset[str] = frozenset()
_met: dict[str, None] = {}


def variants(values: Iterable[str]) -> frozenset[str]:
    """The values, and as they look percent-encoded, decoded, in JSON, HTML and Python, and in base64."""
    ways = {way for value in values for way in _written(value)}
    # Most services have none, and each empty set of its own would be 216 bytes.
    return frozenset(way for way in ways if len(way) >= SHORTEST_MASKED) or _NONE


def _written(value: str) -> Iterator[str]:
    yield from (value, " ".join(value.split()), value.strip(), unquote(value))
    yield from (quote(value, safe=""), quote(value), quote_plus(value), quote(value, safe="").lower())
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield html.escape(value)
    yield from _in_base64(value.encode("utf-8", "surrogatepass"))


def _in_base64(data: bytes) -> Iterator[str]:
    """The part that is the same whatever stands before and after the value in the encoded text."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(data).decode()
        if len(whole) >= SHORTEST_BASE64:
            yield whole
        for before in range(3):
            first = -(-before * 8 // 6)
            core = encode(b"\0" * before + data).decode()[first : (before + len(data)) * 8 // 6]
            if len(core) >= SHORTEST_BASE64:
                yield core


@lru_cache(maxsize=128)
def _pattern(values: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))


def mask(text: str, values: Collection[str]) -> str:
    """The text with dots for each of the values, the longest first; also for one that a cut left half."""
    if not values or not text:
        return text
    if any(value in text for value in values):
        text = _pattern(frozenset(values)).sub(MASK, text)
    return _mask_half(text, values) if text.endswith("…") else text


def _mask_half(text: str, values: Collection[str]) -> str:
    body = text[:-1]
    for value in values:
        for length in range(min(len(value), len(body)), SHORTEST_MASKED - 1, -1):
            if body.endswith(value[:length]):
                return f"{body[:-length]}{MASK}…"
    return text


def masked(value: Any, values: Collection[str]) -> Any:
    """JSON with every value in its texts and keys masked."""
    if isinstance(value, str):
        return mask(value, values)
    if isinstance(value, list):
        return [masked(item, values) for item in value]
    if isinstance(value, dict):
        return {mask(str(key), values): masked(item, values) for key, item in value.items()}
    return value


def is_word(name: str, value: str) -> bool:
    """Whether a value is a plain word under a name that is no credential's: `LOG_LEVEL=info`.

    Such a word stands in many a tool's schema by itself, and dots in its place would break the tool.
    """
    slot = re.split(r"\.(?:env|headers|ask)\.", name)[-1]
    in_the_open = slot != name or "." not in name
    return in_the_open and not credentials.names_one(slot) and bool(_PLAIN.fullmatch(value))


def remember(values: Iterable[str]) -> None:
    """Values that this process has had in its hands, to keep them out of its logs."""
    for value in values:
        if len(value) >= SHORTEST_REMEMBERED and len(_met) < REMEMBERED_AT_MOST:
            _met[value] = None
            _met[json.dumps(value)[1:-1]] = None
            _met[quote(value, safe="")] = None


def mask_remembered(text: str) -> str:
    """A log line without any value that this process has had in its hands."""
    for value in list(_met):
        if value in text:
            text = text.replace(value, MASK)
    return text
