"""Pagination of lists: each entry once, and an end however the cursors behave. Pure.

A cursor is the server's own word. An empty one goes on like any other: servers that mean the end by it answer
with what was there already, or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_PAGES = 250


@dataclass(kw_only=True)
class Walk:
    """Where we are in one list. `note` says why it ended, where that is not for the list's own end."""

    most: int = MOST_PAGES
    cursor: str | None = None
    note: str = ""
    ended: bool = False
    _pages: int = 0
    _asked: set[str] = field(default_factory=set)
    _listed: set[bytes] = field(default_factory=set)

    def take(self, entries: Sequence[Any], following: Any) -> Sequence[Any]:
        """The entries of this page that no page before had; *following* is its `nextCursor`."""
        self._pages += 1
        fresh = self._fresh(entries, last=following is None)
        self.note = self._why_end(entries, fresh, following)
        self.ended = bool(self.note) or following is None or self._was_the_end(fresh)
        if not self.ended:
            self.cursor = following
            self._asked.add(following)
        return fresh

    def _fresh(self, entries: Sequence[Any], *, last: bool) -> Sequence[Any]:
        """A list of one page, as nearly all are, costs nothing here."""
        if self._pages == 1 and last:
            return entries
        marks = [_mark(entry) for entry in entries]
        fresh = [entry for entry, mark in zip(entries, marks, strict=True) if mark not in self._listed]
        self._listed.update(marks)
        return fresh

    def _why_end(self, entries: Sequence[Any], fresh: Sequence[Any], following: Any) -> str:
        if self._was_the_end(fresh):
            return ""
        if following is not None and not isinstance(following, str):
            return "its nextCursor is not a string, so the next page could not be requested"
        if following in self._asked:
            return f"its nextCursor stood still after page {self._pages}; the list was ended there"
        if following is not None and entries and not fresh:
            return f"page {self._pages} repeated what was listed before; the list was ended there"
        if following is not None and self._pages >= self.most:
            return f"it has more than {self.most} pages; the rest was not read"
        return ""

    def _was_the_end(self, fresh: Sequence[Any]) -> bool:
        """Whether the empty cursor that led here was meant as the end."""
        return self.cursor == "" and not fresh


def _mark(entry: Any) -> bytes:
    return hashlib.blake2b(json.dumps(entry, sort_keys=True).encode(), digest_size=16).digest()
