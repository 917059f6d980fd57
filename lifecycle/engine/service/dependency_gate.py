"""Holding a service back while what it depends on does not serve, and letting it go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.reconnection import dependency_wait
from lifecycle.core.reconnection.dependency_wait import Needed


def marked(snap: Snapshot, needs: Sequence[Needed], now: datetime, *, asked: bool) -> Snapshot:
    """*snap* as it must be written; *asked* says that somebody waits for an attempt to connect."""
    if not needs and not snap.held_by:
        return snap
    return dependency_wait.mark(snap, dependency_wait.held_by(snap, needs, now, asked=asked))


def step(snap: Snapshot, needs: Sequence[Needed], now: datetime) -> moves.Step | None:
    """What brings the mark to what the dependencies say now; None where it says so already."""
    if not needs and not snap.held_by:
        return None
    names = dependency_wait.held_by(snap, needs, now)
    if names and names != snap.held_by:
        return dependency_wait.mark(snap, names), None
    return dependency_wait.resume(snap, now) if snap.held_by and not names else None
