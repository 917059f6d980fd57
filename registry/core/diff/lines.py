"""Line diff of long documents by lines that are unique: time grows with their length, not its square."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

Change = tuple[str, int, int, int, int]
LINED_UP_AT_MOST = 1000


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """What makes *new* of *old*, as `difflib` has it; the parts that are the same are among them."""
    found: list[Change] = []
    done_old = done_new = 0
    for block_old, block_new, size in [*_blocks(_matched(old, new)), (len(old), len(new), 0)]:
        lost, gained = done_old < block_old, done_new < block_new
        if lost or gained:
            what = "replace" if lost and gained else "delete" if lost else "insert"
            found.append((what, done_old, block_old, done_new, block_new))
        done_old, done_new = block_old + size, block_new + size
        if size:
            found.append(("equal", block_old, done_old, block_new, done_new))
    return found


def _blocks(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Pairs that follow each other on both sides, as one."""
    blocks: list[tuple[int, int, int]] = []
    for at_old, at_new in pairs:
        if blocks:
            begin_old, begin_new, size = blocks[-1]
            if (begin_old + size, begin_new + size) == (at_old, at_new):
                blocks[-1] = (begin_old, begin_new, size + 1)
                continue
        blocks.append((at_old, at_new, 1))
    return blocks


def _matched(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Every line of the one that stays, with its place in the other."""
    done_old = done_new = 0
    for at_old, at_new in [*_anchors(old, new), (len(old), len(new))]:
        if done_old < at_old and done_new < at_new:
            yield from _between(old, new, (done_old, at_old, done_new, at_new))
        if at_old < len(old):
            yield at_old, at_new
        done_old, done_new = at_old + 1, at_new + 1


def _between(
    old: Sequence[str], new: Sequence[str], span: tuple[int, int, int, int]
) -> Iterator[tuple[int, int]]:
    """Line up what stands between two anchors; what is too long counts as replaced."""
    from_old, to_old, from_new, to_new = span
    if to_old - from_old + to_new - from_new > LINED_UP_AT_MOST:
        return
    matcher = difflib.SequenceMatcher(None, old[from_old:to_old], new[from_new:to_new], autojunk=False)
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            yield from_old + block.a + step, from_new + block.b + step


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The lines that each side has once, as many as stand in the same order on both."""
    once_old = {line for line, count in Counter(old).items() if count == 1}
    once_new = {line for line, count in Counter(new).items() if count == 1}
    places = {line: at for at, line in enumerate(new) if line in once_new}
    pairs = [(at, places[line]) for at, line in enumerate(old) if line in once_old and line in places]
    return _rising(pairs)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of *pairs* whose second numbers rise."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, at) in enumerate(pairs):
        place = bisect_left(ends, at)
        before.append(last[place - 1] if place else -1)
        ends[place : place + 1], last[place : place + 1] = [at], [index]
    chain: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


class Lined(difflib.SequenceMatcher[str]):
    """`difflib`'s grouping, over our way to line up."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, "", "")
        self._changes = changes(old, new)

    def get_opcodes(self) -> list[Change]:  # type: ignore[override]
        """The changes that were found."""
        return list(self._changes)
