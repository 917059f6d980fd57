"""What services that fail together have in common (requirements 4.3). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heapify, heappop, heappush

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
    left: dict[Thing, set[int]] = defaultdict(set)
    for key, things in failing.items():
        for thing in things:
            left[thing].add(key)
    found: list[Shared] = []
    ranked = sorted(left, key=lambda thing: (-list(What).index(thing[0]), thing[1]), reverse=True)
    heap = [(-len(left[thing]), rank, thing) for rank, thing in enumerate(ranked)]
    heapify(heap)
    while heap:
        before, rank, thing = heappop(heap)
        services = frozenset(left[thing])
        if len(services) < FEWEST or len(services) < SHARE * everywhere.get(thing, 0):
            continue
        if len(services) < -before:  # some were accused with something else meanwhile: others may be larger
            heappush(heap, (-len(services), rank, thing))
            continue
        found.append(Shared(what=thing[0], name=thing[1], services=services))
        for key in services:
            for other in failing[key]:
                left[other].discard(key)
    return found
