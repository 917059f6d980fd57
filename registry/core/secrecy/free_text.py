"""Credentials inside texts that people wrote: a note, a description, a connection string."""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.core.secrecy import credentials

Span = tuple[int, int]
# Every repetition that something must follow is bounded: else a long text takes time by its square.
URLS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s\"'<>`]+")
_SCHEMED = re.compile(
    r"\b(?:Bearer|Basic|Token|ApiKey|Api-Key|Digest)[ \t]+([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE
)
_ASSIGNED = re.compile(r"([A-Za-z_][\w.-]{0,60})[\"']?\s*([=:])\s*[\"']?([^\s\"'`,;&|)}\]]{4,})")
_USERINFO = re.compile(
    r"://[^\s/@:]{0,255}:(?!\d{1,5}[/?#])([^\s@]{1,1000})@|\b[\w.-]{1,255}:([^\s@:/]{3,255})@(?:tcp|unix)\("
)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(.+?)(?:-----END|\Z)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z0-9+_=~.-]{20,}")
_DIGEST = re.compile(r"[0-9a-f]{40}\Z|[0-9a-f]{64}\Z")
_SOURCE = frozenset({"raw", "blob", "tree", "blame", "commit", "commits", "archive", "src"})
_PLAIN_NAME = re.compile(r"passw|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key", re.IGNORECASE)
_STAND_IN = re.compile(
    r"[<$%{\[*.…]|(?:your|my|the|some|an?)\b|your|xxx|true\b|false\b|null\b|none\b", re.IGNORECASE
)


def spans(text: str, *, words: bool = True) -> list[Span]:
    """The parts that are credentials, in order; *words* that only look like one count too."""
    found = [*_named(text), *_known(text), *(_looking(text) if words else ())]
    return _apart(sorted(found))


def _named(text: str) -> Iterator[Span]:
    """What stands behind a word that announces it."""
    for match in _SCHEMED.finditer(text):
        if credentials.opaque(match[1], 8):
            yield match.span(1)
    for match in _ASSIGNED.finditer(text):
        sure = match[2] == "=" and _PLAIN_NAME.search(match[1])
        if (
            credentials.names_one(match[1], match[3])
            and not _STAND_IN.match(match[3])
            and (sure or credentials.opaque(match[3]))
        ):
            yield match.span(3)
    for match in _USERINFO.finditer(text):
        yield match.span(match.lastindex or 0)
    for match in _KEY_BLOCK.finditer(text):
        yield match.span(1)


def _known(text: str) -> Iterator[Span]:
    return (match.span() for match in credentials.KNOWN_INSIDE.finditer(text))


def _looking(text: str) -> Iterator[Span]:
    """Long words that are no digest of a file or commit, and no identifier that is written in full."""
    for match in _WORD.finditer(text):
        word = match[0].rstrip(".=") if "." in match[0] else match[0]
        digest = _DIGEST.match(word) or text.endswith(("sha256:", "sha512:"), 0, match.start())
        if not digest and not credentials.is_uuid(word) and credentials.looks_like_one(word):
            yield match.start(), match.start() + len(word)


def is_commit(part: str, before: str, host: str) -> bool:
    """Whether a part of an address names a commit: where sources are shown, or a host gives them raw."""
    return bool(_DIGEST.match(part)) and (before in _SOURCE or host.startswith("raw."))


def _apart(found: list[Span]) -> list[Span]:
    """Overlapping ones as one."""
    joined: list[Span] = []
    for start, end in found:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
