"""Holding a service back while what it depends on does not serve, and letting it go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.core import waiting
from lifecycle.core.machine import Snapshot

if TYPE_CHECKING:
    from lifecycle.engine.owner import Owner


def marked(owner: Owner, snap: Snapshot, *, tried: bool) -> Snapshot:
    """*snap* as it must be written; *tried* says that the attempt somebody asked for is over."""
    needs = owner.shop.relations.needs(owner.wanted.id)
    if not needs and not snap.held_by:
        return snap
    asked = owner.asked and not tried
    return waiting.mark(snap, waiting.held_by(snap, needs, owner.shop.clock(), asked=asked))


async def settle(owner: Owner) -> None:
    """Bring the mark to what the dependencies say now; an attempt that is under way goes on to its end."""
    needs = owner.shop.relations.needs(owner.wanted.id)
    if not needs and not owner.snap.held_by:
        return
    if owner.asked or owner.busy:
        return
    now = owner.shop.clock()
    names = waiting.held_by(owner.snap, needs, now)
    if names and names != owner.snap.held_by:
        await owner.record(waiting.mark(owner.snap, names), None)
    elif owner.snap.held_by and not names:
        await owner.record(*waiting.resume(owner.snap, now))
