"""Where in two schemas a comparison stands, and how it goes on from there. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from registry.core.contract.schema_findings import Found


class Compare(Protocol):
    """All changes from *old* to *new*, below *place*."""

    def __call__(self, old: Any, new: Any, place: str, *, strict: bool, level: int) -> Found: ...


@dataclass(frozen=True, kw_only=True)
class Position:
    """One place. `strict` takes a property that is not named as one that may be sent.

    `at` is the word for the place, also where that is the whole; `same` says whether two parts are written
    alike and mean the same.
    """

    place: str
    at: str
    strict: bool
    level: int
    same: Callable[[Any, Any], bool]
    compare: Compare

    def inner(self, old: Any, new: Any, place: str) -> Found:
        """The changes one step further down."""
        return self.compare(old, new, place, strict=self.strict, level=self.level + 1)

    def narrows(self, old: Any, new: Any) -> bool:
        """Whether, one step further down, some instance of *old* may not fit *new*."""
        return any(finding.narrows for finding in self.inner(old, new, ""))

    def widens(self, old: Any, new: Any) -> bool:
        return any(finding.widens for finding in self.inner(old, new, ""))
