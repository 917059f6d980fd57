"""JSON as a tree that opens and closes, with an end to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from lifecycle.core.playground.kinds import kind_of

MOST: Final = 2_000
DEEPEST: Final = 40
OPEN_TO: Final = 2
LONGEST: Final = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One value: a plain one as text, or those within it. `left_out` were too many."""

    key: str
    kind: str
    text: str = ""
    inner: list[Branch] = field(default_factory=list)
    count: int = 0
    left_out: int = 0
    open: bool = False


def tree(value: Any) -> Branch:
    """The whole value, as far as there is room for it."""
    return _Tree().branch("", value, 0)


class _Tree:
    def __init__(self) -> None:
        self._left = MOST

    def branch(self, key: str, value: Any, depth: int) -> Branch:
        self._left -= 1
        if not isinstance(value, dict | list):
            text = json.dumps(value, ensure_ascii=False)
            short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
            return Branch(key=key, kind=kind_of(value), text=short)
        pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
        inner = self._inner(pairs, depth + 1)
        return Branch(
            key=key,
            kind=kind_of(value),
            inner=inner,
            count=len(pairs),
            left_out=len(pairs) - len(inner),
            open=depth < OPEN_TO,
        )

    def _inner(self, pairs: list[tuple[Any, Any]], depth: int) -> list[Branch]:
        found: list[Branch] = []
        for name, item in pairs if depth < DEEPEST else []:
            if self._left <= 0:
                break
            found.append(self.branch(str(name), item, depth))
        return found
