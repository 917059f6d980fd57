"""Shares: which worker should hold which shard. From the same rows each worker concludes the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

SHARDS = 64
HOUSE = SHARDS
"""The lease beside the shards: for what only one worker may do."""
LEASES = SHARDS + 1


def shard_of(service_id: int) -> int:
    """The shard of a service, for ever the same; services added one after the other spread evenly."""
    return service_id % SHARDS


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one worker should do now: take these, which nobody holds, or give those back."""

    take: tuple[int, ...] = ()
    give: tuple[int, ...] = ()


def turn(me: str, live: Collection[str], holders: Mapping[int, str]) -> Turn:
    """A worker above its share gives back; one below takes what is free. *holders* may name the dead.

    Each step brings the shares nearer to each other, never further apart, so that nothing goes to and fro.
    """
    workers = {me, *live}
    held = {shard: name for shard, name in holders.items() if name in workers}
    mine = sorted(shard for shard, name in held.items() if name == me and shard != HOUSE)
    share = shares(workers, held)[me]
    if len(mine) > share:
        return Turn(take=_house(held), give=_spread(mine, len(mine) - share))
    # Neighbours among the shards go to different workers, so that also few services are shared evenly.
    free = [shard for shard in range(SHARDS) if shard not in held]
    first, step = sorted(workers).index(me), len(workers)
    order = sorted(range(len(free)), key=lambda place: (place - first) % step)
    return Turn(take=(*_house(held), *(free[place] for place in order[: share - len(mine)])))


def _spread(shards: list[int], count: int) -> tuple[int, ...]:
    """So many of *shards*, at even distances."""
    return tuple(shards[(2 * number + 1) * len(shards) // (2 * count)] for number in range(count))


def shares(workers: Collection[str], held: Mapping[int, str]) -> dict[str, int]:
    """How many shards each should hold; who holds the most already keeps what cannot be divided."""
    counts = dict.fromkeys(workers, 0)
    for shard, name in held.items():
        if shard != HOUSE and name in counts:
            counts[name] += 1
    each, rest = divmod(SHARDS, len(counts))
    order = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: each + (place < rest) for place, name in enumerate(order)}


def _house(held: Mapping[int, str]) -> tuple[int, ...]:
    return () if HOUSE in held else (HOUSE,)
