"""How large and how long; None is each measurement's own choice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """`quick` makes everything small: enough to see that it works, too little to judge by."""

    services: int | None = None
    seconds: float | None = None
    quick: bool = False
    against: Path | None = None
    only: tuple[str, ...] = ()
    days: int | None = None
