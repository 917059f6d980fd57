"""One row of lifecycle state, as the worker that has the service knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lifecycle.core.machine.moves import Snapshot


@dataclass(eq=False)
class Held:
    """What the engine holds of one row. `version` belongs to the writer's thread, the rest to the event loop.

    `epoch` is that of the lease under which it is held; 0 where one worker has all. `unsure` says whether the
    last check that was written proved nothing, and `written` is the snapshot that the row has in this
    `version`; both belong to the writer's thread, too.
    `stale` says that somebody else wrote the row: read it again before deciding anything.
    """

    service_id: int
    name: str
    snapshot: Snapshot
    version: int
    facts: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    stale: bool = False
    unsure: bool = field(init=False)
    written: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.unsure, self.written = bool(self.snapshot.unsure), self.snapshot

    def advanced(self, snap: Snapshot) -> None:
        """*snap* was written."""
        self.version += 1
        self.written = snap

    def read(self, snap: Snapshot, version: int) -> None:
        """This is what the row says now."""
        self.snapshot = self.written = snap
        self.version, self.stale = version, False
