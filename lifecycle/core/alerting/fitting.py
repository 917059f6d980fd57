"""Texts made to fit what a receiver takes, in the unit that it counts in. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

MARK = "…"
JOINER, LAST_ASCII = "\u200d", "\x7f"
_MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
_FLAGS = range(0x1F1E6, 0x1F200)  # letters that make a flag in pairs


class Unit(StrEnum):
    """What a receiver counts: 天 is 1 character, 1 UTF-16 unit and 3 bytes, 😀 is 1, 2 and 4."""

    BYTES = "bytes"
    CHARACTERS = "characters"
    UTF16 = "UTF-16 units"


_MEASURE: dict[Unit, Callable[[str], int]] = {
    Unit.BYTES: lambda text: len(text.encode("utf-8", "surrogatepass")),
    Unit.CHARACTERS: len,
    Unit.UTF16: lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
}


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The most that a text may have."""

    most: int
    unit: Unit

    def measure(self, text: str) -> int:
        return _MEASURE[self.unit](text)

    def cut(self, text: str, escape: Callable[[str], str] = str) -> str:
        """The text as *escape* writes it, or its beginning with a mark; never a part of a character."""
        whole = escape(text)
        if self.measure(whole) <= self.most:
            return whole
        return escape(self._beginning(text, self.most - self.measure(MARK), escape)) + MARK

    def _beginning(self, text: str, room: int, escape: Callable[[str], str]) -> str:
        """As much as fits: the place is found by halving, then moved before the character it splits."""
        low, high = 0, min(len(text), max(room, 0))
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.measure(escape(text[:middle])) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        while low > 0 and _splits(text, low):
            low -= 1
        return text[:low].rstrip()


def _splits(text: str, at: int) -> bool:
    """Whether what a reader sees as one character would be cut at this place."""
    if at >= len(text) or (text[at] <= LAST_ASCII and text[at - 1] <= LAST_ASCII):
        return False
    before, after = text[at - 1], text[at]
    if JOINER in (before, after) or ord(after) in _MODIFIERS or unicodedata.category(after)[0] == "M":
        return True
    return ord(after) in _FLAGS and _flags_before(text, at) % 2 == 1


def _flags_before(text: str, at: int) -> int:
    count = 0
    while at > count and ord(text[at - count - 1]) in _FLAGS:
        count += 1
    return count


def compose(head: str, items: Sequence[str], tail: str, limit: Limit, beyond: int = 0) -> str:
    """Head, as many whole items as there is room for, "and 987 more", and the tail, which is never left out.

    The parts stand on lines of their own. The head is cut where it alone is too long. *beyond* is how many
    there are besides the items.
    """
    room = Limit(most=max(limit.most - limit.measure(f"\n{tail}" if tail else ""), 0), unit=limit.unit)
    whole = _with(head, items, len(items), beyond)
    if room.measure(whole) > room.most:
        whole = _listed(head, items, room, beyond)
    return limit.cut("\n".join(filter(None, (whole, tail))))


def _listed(head: str, items: Sequence[str], room: Limit, beyond: int) -> str:
    """The head with the most items that fit, found by halving; the length grows with their number."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high + 1) // 2
        fits = room.measure(_with(head, items, middle, beyond)) <= room.most
        low, high = (middle, high) if fits else (low, middle - 1)
    text = _with(head, items, low, beyond)
    if room.measure(text) <= room.most:
        return text
    rest = _with("", items, 0, beyond)
    return Limit(most=max(room.most - room.measure(rest), 0), unit=room.unit).cut(head) + rest


def _with(head: str, items: Sequence[str], count: int, beyond: int) -> str:
    left = len(items) - count + beyond
    more = [f"and {left} more"] if left else []
    return "\n".join((head, *items[:count], *more))
