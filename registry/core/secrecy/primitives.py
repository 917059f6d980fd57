"""Building blocks of redaction: a text goes in, a text with references instead of values comes out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.clients import bridges
from registry.core.documents.trees import strings
from registry.core.entries.placeholders import Placeholder, holes, reference, replaced
from registry.core.secrecy import credentials, free_text

LONGEST_NAME = 200
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|Digest)[ \t]+", re.IGNORECASE)
_OPEN_CHUNK = re.compile(r"(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|Digest)?[\s:;,=&/@.-]*\Z", re.IGNORECASE)


@dataclass(kw_only=True)
class Cut:
    """An entry without its values: *literals* stood in it, *asks* are to be given (asked name -> secret)."""

    entry: dict[str, Any] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)


class Hider:
    """Puts the values of one service's entry away under names that say where they stood."""

    def __init__(
        self,
        name: str,
        raw: Mapping[str, Any],
        answered: Collection[str],
        own: bool,
        kept: Collection[str],
        avoid: Collection[str],
    ) -> None:
        self.name, self.answered, self.own, self.kept, self.avoid = name, answered, own, kept, avoid
        self.made = Cut()
        self.quiet = False  # placeholders of keys that nobody fills in are left alone
        self.left: frozenset[str] = frozenset()
        self.taken = set(avoid) | {
            hole.name for text in strings(raw) for hole in holes(text) if hole.kind == "secret"
        }

    def open(self, text: str) -> str:
        return replaced(text, lambda hole: self._hole(text, hole))

    def hidden(self, text: str, *slot: str) -> str:
        """Every part of the text that is not a placeholder goes; `Bearer ` may stay."""
        found, pieces, at = holes(text), [], 0
        if not found:
            scheme = _SCHEME.match(text)
            start = scheme.end() if scheme else 0
            return text[:start] + self._put(text[start:], slot)
        for number, hole in enumerate(found, 1):
            pieces += [self._chunk(text[at : hole.start], slot, number), self._hole(text, hole)]
            at = hole.end
        return "".join([*pieces, self._chunk(text[at:], slot, len(found) + 1)])

    def _chunk(self, text: str, slot: tuple[str, ...], number: int) -> str:
        return text if _OPEN_CHUNK.match(text) else self._put(text, (*slot, str(number)))

    def _put(self, value: str, slot: tuple[str, ...]) -> str:
        if not value:
            return ""
        secret = self._free(".".join((self.name, *slot)))
        self.taken.add(secret)
        self.made.literals[secret] = value
        return reference(secret)

    def _free(self, wanted: str) -> str:
        base = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)
        if len(base) > LONGEST_NAME - 10:
            digest = hashlib.sha256(wanted.encode("utf-8", "replace")).hexdigest()
            base = f"{base[: LONGEST_NAME - 30]}.{digest[:16]}"
        names = (base if n == 0 else f"{base}.{n}" for n in range(len(self.taken) + 1))
        return next(name for name in names if name not in self.taken)

    def _hole(self, text: str, hole: Placeholder) -> str:
        if bridges.leaves(text, hole, self.left):
            return text[hole.start : hole.end]
        has_default = hole.kind != "secret" and hole.default is not None and hole.name not in self.answered
        if has_default and self._gives_itself_away(hole.default or ""):
            return self._put(hole.default or "", ("default", hole.name))
        if self.quiet or has_default:
            return text[hole.start : hole.end]
        self.made.asks[hole.name] = self._secret_for(hole.name)
        return reference(self.made.asks[hole.name])

    @staticmethod
    def _gives_itself_away(text: str) -> bool:
        return credentials.looks_like_one(text) or bool(free_text.spans(text))

    def _secret_for(self, asked: str) -> str:
        if (asked.startswith(f"{self.name}.") or asked in self.kept) and asked not in self.avoid:
            return asked
        if self.own or "." in asked:
            return f"{self.name}.ask.{asked}"[:LONGEST_NAME]
        return asked

    def likely(self, text: str, *slot: str) -> str:
        return (
            self.hidden(text, *slot)
            if credentials.looks_like_one(text) and not holes(text)
            else self.open(text)
        )

    def scanned(self, text: str, *slot: str, words: bool = True) -> str:
        """A text without the credentials that stand in it; everything around them stays."""
        kept = [(hole.start, hole.end) for hole in holes(text)]
        pieces, at = [], 0
        for start, end in free_text.spans(text, words=words):
            if all(end <= first or last <= start for first, last in kept):
                pieces += [text[at:start], self._put(text[start:end], slot)]
                at = end
        return "".join([*pieces, text[at:]])
