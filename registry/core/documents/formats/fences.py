"""Blocks of code in a text between ``` and ```, as chats and README files have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 50


@dataclass(frozen=True)
class Block:
    """What stands in a block, and the line that it starts in."""

    text: str
    line: int


def blocks(text: str) -> Sequence[Block]:
    """Every block; one that is not closed goes to the end."""
    found: list[Block] = []
    inside: list[str] = []
    fence, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip().lstrip("> ")
        if not fence:
            if bare.startswith(("```", "~~~")):
                fence, start, inside = bare[:3], number + 1, []
        elif bare.startswith(fence) and not bare.strip(fence[0]):
            found.append(Block("\n".join(inside), start))
            fence = ""
        else:
            inside.append(line)
    if fence:
        found.append(Block("\n".join(inside), start))
    return [block for block in found if block.text.strip()][:MOST]
