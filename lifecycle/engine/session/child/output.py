"""Turns what a process writes into pieces that may be kept: whole lines, secrets masked, bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lifecycle.engine.session.child.lines import Ring

LONGEST_LINE = 4096
LONGEST_SECRET = 4096
PATIENCE = 3


@dataclass(frozen=True, kw_only=True)
class Taken:
    """New text, and how many bytes before it went unseen because they came too fast."""

    text: str
    missed: int = 0


class Scribe:
    """Follows one ring. *mask* hides secrets; *longest* is the length of the longest one, in characters.

    A secret must not be cut in two, for its halves would not be recognised: so text leaves only up to the
    end of a line, and of a line without an end the last *longest* characters stay until more has come.
    """

    def __init__(self, ring: Ring, mask: Callable[[str], str], longest: int) -> None:
        self._ring, self._mask = ring, mask
        self._longest = min(longest, LONGEST_SECRET)
        self._mark = 0
        self._rest = ""
        self._waited = 0

    @property
    def done(self) -> bool:
        """Whether all that was written has been taken."""
        return self._mark == self._ring.written and not self._rest

    def take(self, *, last: bool = False) -> Taken | None:
        """What is new, or None; with *last* the unfinished line as well."""
        fresh, missed = self._read()
        self._rest += fresh
        head, newline, tail = self._rest.rpartition("\n")
        self._waited = 0 if fresh else self._waited + 1
        if last or (tail and self._waited >= PATIENCE):
            text, self._rest = self._mask(self._rest), ""
        else:
            text, self._rest = self._mask(head + newline), tail
            if len(tail) > LONGEST_LINE:
                text += self._part_of_line()
        return Taken(text=text, missed=missed) if text or missed else None

    def _part_of_line(self) -> str:
        """The beginning of a line that will not end; masked first, so that no secret lies across the cut."""
        masked = self._mask(self._rest)
        cut = max(len(masked) - self._longest, 0)
        self._rest = masked[cut:]
        return masked[:cut]

    def _read(self) -> tuple[str, int]:
        new = self._ring.written - self._mark
        if not new:
            return "", 0
        data = self._ring.since(self._mark)
        self._mark = self._ring.written
        missed = new - len(data)
        if missed:
            # The first line has lost its beginning, and perhaps half of a secret.
            self._rest, whole = "", data.find(b"\n") + 1
            begin = whole or min(self._longest * 4, len(data))
            data, missed = data[begin:], missed + begin
        # NUL cannot be stored everywhere; a character cut at the end of the data becomes one that says so.
        return data.decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}"), missed
