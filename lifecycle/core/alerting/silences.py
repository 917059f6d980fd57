"""What is not told for a while: by services, tags and rules (requirements 4.4). Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is silenced: of each list one must match, an empty one is no condition."""

    services: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    rules: frozenset[int] = frozenset()

    def covers(self, service: str | None, tags: Collection[str], rule: int | None) -> bool:
        """Whether it is about this; without a service it is an alert of all together."""
        if self.rules and rule not in self.rules:
            return False
        if self.services and service not in self.services:
            return False
        return not self.tags or not self.tags.isdisjoint(tags)
