"""Tools: a new listing compared with the cache. Changes are kept, and wait for approval where pinned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from registry.contracts import history
from registry.contracts.cached_lists import (
    CHUNK,
    Entry,
    Row,
    Write,
    definition_of,
    definitions,
    drop,
    keyed,
    storing,
    tool_row,
)
from registry.core.contract import compare
from registry.core.contract.compare import Action, Change
from registry.models import ContractChange, Tool, WaitingTool

Kind = ContractChange.Kind
COMPARED_AT_ONCE = 500


class Following:
    """Not pinned: the cache follows the server."""

    waits = False

    def __init__(self, service_id: int, tools: Sequence[Entry], now: datetime) -> None:
        self.service_id, self.now = service_id, now
        self.writes: list[Write] = []
        self.offered = dict(zip(keyed(entry["name"] for entry in tools), tools, strict=True))
        rows = list(
            Tool.objects.filter(service_id=service_id)
            .order_by("position")
            .values_list("pk", "position", "name", "digest")
        )
        self.stored = dict(zip(keyed(row[2] for row in rows), rows, strict=True))

    def plan(self) -> list[Change]:
        """Read and compare; `writes` are what is to be done then, and the rows are ready for the database."""
        before = self.last_offered()
        gone = [name for name in before if (name, 0) not in self.offered]
        after = {name: entry["digest"] for (name, time), entry in self.offered.items() if not time}
        differ = [name for name in before if name in after and before[name] != after[name]]
        fresh = [name for name in after if name not in before]
        told = gone[: history.TOOLS_AT_ONCE]
        old = self.old_definitions([*differ[:COMPARED_AT_ONCE], *told])
        changes = [
            *self.compared(differ, old),
            *(compare.added(name) for name in fresh),
            *(compare.removed(name) for name in gone),
        ]
        self.write(changes)
        shown = [*differ[:COMPARED_AT_ONCE], *fresh[: history.TOOLS_AT_ONCE]]
        new = {name: definition_of(self.offered[name, 0]) for name in shown}
        self.writes.append(
            partial(
                history.remember,
                self.service_id,
                Kind.TOOL,
                changes,
                old,
                new,
                now=self.now,
                waits=self.waits,
            )
        )
        return changes

    def compared(self, names: Sequence[str], old: dict[str, dict[str, Any]]) -> list[Change]:
        """What changed in these tools; where so many did, the last are not looked into."""
        looked, others = names[:COMPARED_AT_ONCE], names[COMPARED_AT_ONCE:]
        new = {name: definition_of(self.offered[name, 0]) for name in looked}
        found = compare.changes({name: old[name] for name in looked}, new)
        return [*found, *(compare.uncompared(name) for name in others)]

    def last_offered(self) -> dict[str, str]:
        """Name and digest of each tool as it was offered last time."""
        return {name: row[3] for (name, time), row in self.stored.items() if not time}

    def old_definitions(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        return definitions(self.stored[name, 0][0] for name in names)

    def write(self, changes: Sequence[Change]) -> None:
        """Rows keep their place; new ones come last."""
        gone = [row[0] for key, row in self.stored.items() if key not in self.offered]
        self.writes.append(partial(drop, Tool, gone))
        place = max((row[1] for row in self.stored.values()), default=-1)
        rows: list[Row] = []
        for key, entry in self.offered.items():
            row = self.stored.get(key)
            if row is None:
                place += 1
                rows.append(tool_row(self.service_id, place, entry))
            elif row[3] != entry["digest"]:
                rows.append(tool_row(self.service_id, row[1], entry, row[0]))
        self.writes.append(storing(Tool, rows))


@dataclass(frozen=True, slots=True)
class Waits:
    """A tool that waited already, without its definition."""

    pk: int
    name: str
    action: str
    digest: str
    since: datetime


class Pinned(Following):
    """Pinned: the cache stays as it was approved, and what differs waits."""

    waits = True

    def __init__(self, service_id: int, tools: Sequence[Entry], now: datetime) -> None:
        super().__init__(service_id, tools, now)
        rows = WaitingTool.objects.filter(service_id=service_id)
        known = (Waits(*row) for row in rows.values_list("pk", "name", "action", "digest", "since"))
        self.waiting = {row.name: row for row in known}

    def last_offered(self) -> dict[str, str]:
        found = super().last_offered()
        for name, row in self.waiting.items():
            if row.action == Action.REMOVED:
                found.pop(name, None)
            else:
                found[name] = row.digest
        return found

    def old_definitions(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        ids = [self.waiting[name].pk for name in names if name in self.waiting]
        approved = super().old_definitions([name for name in names if name not in self.waiting])
        return approved | _waiting_definitions(ids)

    def write(self, changes: Sequence[Change]) -> None:
        """Only what changed is looked at: what waited and is offered unchanged waits on."""
        approved = super().last_offered()
        moved = [self.waiting[one.name].pk for one in changes if one.name in self.waiting]
        self.writes.append(partial(drop, WaitingTool, moved))
        differ: list[str] = []
        rows: list[Row] = []
        for one in changes:
            entry = self.offered.get((one.name, 0))
            if one.name not in self.waiting:
                rows.append(self._row(one))
            elif entry is None and one.name in approved:
                rows.append(self._row(compare.removed(one.name)))
            elif entry is not None and one.name not in approved:
                rows.append(self._row(compare.added(one.name)))
            elif entry is not None and approved[one.name] != entry["digest"]:
                differ.append(one.name)
        old = super().old_definitions(differ[:COMPARED_AT_ONCE])
        rows += [self._row(one) for one in self.compared(differ, old)]
        self.writes.append(storing(WaitingTool, rows))

    def _row(self, change: Change) -> Row:
        """Where nothing waited before, the change since last time is the one since the approval."""
        entry = self.offered.get((change.name, 0))
        since = self.waiting[change.name].since if change.name in self.waiting else self.now
        return {
            "service_id": self.service_id,
            "name": change.name,
            "action": change.action.value,
            "grade": change.grade.value,
            "lines": history.lines_of(change),
            "digest": entry["digest"] if entry else "",
            "definition": definition_of(entry) if entry else None,
            "since": since,
            "refused_at": None,
            "refused_by": "",
        }


def _waiting_definitions(ids: Iterable[int]) -> dict[str, dict[str, Any]]:
    every = list(ids)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(every), CHUNK):
        rows = WaitingTool.objects.filter(pk__in=every[start : start + CHUNK])
        found |= {name: definition or {} for name, definition in rows.values_list("name", "definition")}
    return found
