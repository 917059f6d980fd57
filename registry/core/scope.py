"""Which services somebody may see.

A person or a token without a scope sees everything. One with a scope sees a service that has one of its tags
or belongs to one of its agents. Several scopes together let through what each of them does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scope:
    """The services with one of these tags, and those of one of these agents."""

    tags: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.tags or self.agents)


NO_SCOPE = Scope()
Limits = frozenset[Scope]
"""All of them hold at once; none is everything."""

EVERYTHING: Limits = frozenset()


def read(kept: object) -> Scope:
    """A scope from its row."""
    given: Mapping[str, Any] = kept if isinstance(kept, dict) else {}
    return Scope(frozenset(map(str, given.get("tags", ()))), frozenset(map(str, given.get("agents", ()))))


def plain(scope: Scope) -> dict[str, list[str]]:
    """As it is kept; empty without limits."""
    parts = {"tags": sorted(scope.tags), "agents": sorted(scope.agents)}
    return {key: names for key, names in parts.items() if names}


def said(scope: Scope) -> str:
    """In words, for the audit log and tables: "tags a, b; agents c"."""
    return "; ".join(f"{key} {', '.join(names)}" for key, names in plain(scope).items()) or "everything"


def together(*scopes: Scope) -> Limits:
    """The limits of all of them; an empty one limits nothing."""
    return frozenset(scope for scope in scopes if scope)
