"""What services that fail together have in common (requirements 4.3). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

FEWEST = 2
SHARE = 0.5
"""Of all services with the same thing so many must fail: two of fifty on one host do not accuse the host."""


class What(StrEnum):
    HOST = "host"
    COMMAND = "command"
    PROXY = "proxy"
    CREDENTIAL = "credential"


Thing = tuple[What, str]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One thing that *count* of those that fail share; *services* says which."""

    what: What
    name: str
    services: frozenset[int]

    @property
    def count(self) -> int:
        return len(self.services)

    @property
    def text(self) -> str:
        return f"{self.count} share the {self.what.value} {self.name}"


def causes(failing: Mapping[int, Collection[Thing]], everywhere: Mapping[Thing, int]) -> Sequence[Shared]:
    """What those that fail share, the largest first, each service accused once.

    *failing* are the things that each uses, *everywhere* how many services use each thing at all.
    """
    left = dict(failing)
    found: list[Shared] = []
    while True:
        counted = Counter(thing for things in left.values() for thing in set(things))
        likely = [
            thing
            for thing, count in counted.items()
            if count >= FEWEST and count >= SHARE * everywhere.get(thing, count)
        ]
        if not likely:
            return found
        what, name = max(likely, key=lambda thing: (counted[thing], -list(What).index(thing[0]), thing[1]))
        services = frozenset(key for key, things in left.items() if (what, name) in things)
        found.append(Shared(what=what, name=name, services=services))
        left = {key: things for key, things in left.items() if key not in services}
