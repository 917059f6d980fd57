"""The tools of one listing against what was cached: what changed, remembered, and waiting where pinned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry import history
from registry.cached import (
    CHUNK,
    Entry,
    definition_of,
    definitions,
    drop,
    keyed,
    store,
    tool_row,
)
from registry.core import contract
from registry.core.contract import Action, Change
from registry.models import ContractChange, Tool, WaitingTool

Kind = ContractChange.Kind


class Following:
    """Not pinned: the cache follows the server."""

    waits = False

    def __init__(self, service_id: int, tools: Sequence[Entry], now: datetime) -> None:
        self.service_id, self.now = service_id, now
        self.offered = dict(zip(keyed(entry["name"] for entry in tools), tools, strict=True))
        rows = list(
            Tool.objects.filter(service_id=service_id)
            .order_by("position")
            .values_list("pk", "position", "name", "digest")
        )
        self.stored = dict(zip(keyed(row[2] for row in rows), rows, strict=True))

    def run(self) -> list[Change]:
        before = self.last_offered()
        gone = [name for name in before if (name, 0) not in self.offered]
        after = {name: entry["digest"] for (name, time), entry in self.offered.items() if not time}
        differ = [name for name in before if name in after and before[name] != after[name]]
        fresh = [name for name in after if name not in before]
        old = self.old_definitions([*differ, *gone[: history.TOOLS_AT_ONCE]])
        new = {name: definition_of(self.offered[name, 0]) for name in [*differ, *fresh]}
        changes = [
            *contract.changes({name: old[name] for name in differ}, {name: new[name] for name in differ}),
            *(contract.added(name) for name in fresh),
            *(contract.removed(name) for name in gone),
        ]
        self.write({*differ, *fresh, *gone})
        history.remember(self.service_id, Kind.TOOL, changes, old, new, now=self.now, waits=self.waits)
        return changes

    def last_offered(self) -> dict[str, str]:
        """Name and digest of each tool as it was offered last time."""
        return {name: row[3] for (name, time), row in self.stored.items() if not time}

    def old_definitions(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        return definitions(self.stored[name, 0][0] for name in names)

    def write(self, touched: set[str]) -> None:
        """Rows keep their place; new ones come last."""
        drop(Tool, [row[0] for key, row in self.stored.items() if key not in self.offered])
        place = max((row[1] for row in self.stored.values()), default=-1)
        rows: list[Tool] = []
        for key, entry in self.offered.items():
            row = self.stored.get(key)
            if row is None:
                place += 1
                rows.append(tool_row(self.service_id, place, entry))
            elif row[3] != entry["digest"]:
                rows.append(tool_row(self.service_id, row[1], entry, row[0]))
        store(Tool, rows)


class Pinned(Following):
    """Pinned: the cache stays as it was approved, and what differs waits."""

    waits = True

    def __init__(self, service_id: int, tools: Sequence[Entry], now: datetime) -> None:
        super().__init__(service_id, tools, now)
        self.waiting = {row.name: row for row in WaitingTool.objects.filter(service_id=service_id)}

    def last_offered(self) -> dict[str, str]:
        found = super().last_offered()
        for name, row in self.waiting.items():
            if row.action == Action.REMOVED:
                found.pop(name, None)
            else:
                found[name] = row.digest
        return found

    def old_definitions(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        waiting = {name: self.waiting[name].definition or {} for name in names if name in self.waiting}
        return super().old_definitions([name for name in names if name not in waiting]) | waiting

    def write(self, touched: set[str]) -> None:
        """Only what was touched is looked at: what waited and is offered unchanged waits on."""
        approved = super().last_offered()
        WaitingTool.objects.filter(
            pk__in=[self.waiting[name].pk for name in touched if name in self.waiting]
        ).delete()
        differ = [
            name
            for name in touched
            if (name, 0) in self.offered and name in approved
            and approved[name] != self.offered[name, 0]["digest"]
        ]  # fmt: skip
        old = super().old_definitions(differ)
        new = {name: definition_of(self.offered[name, 0]) for name in differ}
        changes = [
            *contract.changes({name: old[name] for name in differ}, new),
            *(contract.added(name) for name in touched if (name, 0) in self.offered and name not in approved),
            *(
                contract.removed(name)
                for name in touched
                if (name, 0) not in self.offered and name in approved
            ),
        ]
        WaitingTool.objects.bulk_create([self._row(change) for change in changes], batch_size=CHUNK)

    def _row(self, change: Change) -> WaitingTool:
        entry = self.offered.get((change.name, 0))
        since = self.waiting[change.name].since if change.name in self.waiting else self.now
        return WaitingTool(
            service_id=self.service_id,
            name=change.name,
            action=change.action.value,
            grade=change.grade.value,
            lines=history.lines_of(change),
            digest=entry["digest"] if entry else "",
            definition=definition_of(entry) if entry else None,
            since=since,
        )
