"""What a service offers, kept as rows: the only writer of the cached lists (requirements 1.8).

A refresh that brings nothing new costs one look at one row. Otherwise only what differs is written. While a
service is pinned its `Tool` rows are what was approved; what differs from them waits as `WaitingTool`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from registry import history
from registry.core import contract
from registry.core.contract import Action, Change
from registry.models import ContentItem, Contract, ContractChange, Tool, WaitingTool

Kind = ContractChange.Kind
PARTS = contract.PART
CHUNK = 500
ITEM_KINDS = (Kind.RESOURCE, Kind.TEMPLATE, Kind.PROMPT)
Key = tuple[str, int]
Entry = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a server lists. A tool is a mapping of `name`, `digest` and its parts; an item has `name`, `data`
    and `digest`. A kind that is missing in `items` could not be read, and stays as it was."""

    tools: Sequence[Entry]
    items: Mapping[str, Sequence[Entry]]

    def digests(self) -> dict[str, str]:
        lists = {Kind.TOOL.value: self.tools, **self.items}
        return {
            kind: contract.list_digest((entry["name"], entry["digest"]) for entry in entries)
            for kind, entries in lists.items()
        }


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of the contract; `changes` are those of tools. `pinned`: they wait for approval."""

    changes: Sequence[Change] = field(default_factory=list)
    pinned: bool = False


def take(service_id: int, offered: Offered, now: datetime) -> Taken:
    """Bring the cache to what is offered, and remember what changed; call it inside a transaction."""
    known = Contract.objects.select_for_update().filter(pk=service_id).first()
    digests = offered.digests()
    if known is None:
        _first(service_id, offered, digests, now)
        return Taken()
    differing = {kind for kind, digest in digests.items() if known.digests.get(kind) != digest}
    if not differing:
        return Taken()
    changes: list[Change] = []
    if Kind.TOOL.value in differing:
        work = _Pinned if known.pinned_at else _Free
        changes = work(service_id, offered.tools, now).run()
    for kind in differing - {Kind.TOOL.value}:
        _take_items(service_id, Kind(kind), offered.items[kind], now)
    known.digests, known.changed_at = known.digests | digests, now
    known.save(update_fields=["digests", "changed_at"])
    return Taken(changes=changes, pinned=known.pinned_at is not None)


def _first(service_id: int, offered: Offered, digests: dict[str, str], now: datetime) -> None:
    """The first listing is no change, however much there is."""
    Tool.objects.filter(service_id=service_id).delete()
    ContentItem.objects.filter(service_id=service_id).delete()
    _store(Tool, [_tool(service_id, at, entry) for at, entry in enumerate(offered.tools)])
    for kind, entries in offered.items.items():
        _store(ContentItem, [_item(service_id, Kind(kind), at, entry) for at, entry in enumerate(entries)])
    Contract.objects.create(service_id=service_id, digests=digests, first_seen_at=now, changed_at=now)
    counted = {"tools": len(offered.tools)} | {
        f"{kind}s": len(found) for kind, found in offered.items.items()
    }
    text = ", ".join(f"{number:,} {what}" for what, number in counted.items() if number) or "nothing"
    history.note(service_id, ContractChange.Act.FIRST_SEEN, [f"offers {text}"], now=now)


def _tool(service_id: int, position: int, entry: Entry, pk: int | None = None) -> Tool:
    parts = {part: entry[part] for part in PARTS}
    return Tool(
        pk=pk,
        service_id=service_id,
        position=position,
        name=entry["name"],
        digest=entry["digest"],
        **parts,
    )


def _item(
    service_id: int, kind: ContractChange.Kind, position: int, entry: Entry, pk: int | None = None
) -> ContentItem:
    return ContentItem(
        pk=pk,
        service_id=service_id,
        kind=kind.value,
        position=position,
        name=entry["name"],
        data=entry["data"],
        digest=entry["digest"],
    )


def _store(model: type[Tool] | type[ContentItem], rows: Iterable[Any]) -> None:
    """New rows, and those that keep their id with other content."""
    every = list(rows)
    fresh = [row for row in every if row.pk is None]
    model._default_manager.bulk_create(fresh, batch_size=CHUNK)
    same = [row for row in every if row.pk is not None]
    written = [item.name for item in model._meta.concrete_fields if item.name not in ("id", "service")]
    model._default_manager.bulk_create(
        same, batch_size=CHUNK, update_conflicts=True, unique_fields=["id"], update_fields=written
    )


def _drop(model: type[Tool] | type[ContentItem], ids: Sequence[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        model._default_manager.filter(pk__in=ids[start : start + CHUNK]).delete()


def keyed(names: Iterable[str]) -> Iterator[Key]:
    """Each name with how often it came before: a server may list one twice."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        yield name, seen[name]


def definition(tool: Tool) -> dict[str, Any]:
    """The parts of a cached tool that make its contract."""
    return {part: getattr(tool, part) for part in PARTS}


def definition_of(entry: Entry) -> dict[str, Any]:
    return {part: entry[part] for part in PARTS}


def definitions(ids: Iterable[int]) -> dict[str, dict[str, Any]]:
    """Those of cached tools, by name."""
    found: dict[str, dict[str, Any]] = {}
    every = list(ids)
    for start in range(0, len(every), CHUNK):
        for tool in Tool.objects.filter(pk__in=every[start : start + CHUNK]):
            found.setdefault(tool.name, definition(tool))
    return found


class _Free:
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
        _drop(Tool, [row[0] for key, row in self.stored.items() if key not in self.offered])
        place = max((row[1] for row in self.stored.values()), default=-1)
        rows: list[Tool] = []
        for key, entry in self.offered.items():
            row = self.stored.get(key)
            if row is None:
                place += 1
                rows.append(_tool(self.service_id, place, entry))
            elif row[3] != entry["digest"]:
                rows.append(_tool(self.service_id, row[1], entry, row[0]))
        _store(Tool, rows)


class _Pinned(_Free):
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


def _identity(data: Entry, name: str) -> str:
    """By what a resource is fetched, or a prompt is asked for."""
    said = data.get("uri") or data.get("uriTemplate")
    return said[:500] if isinstance(said, str) else name


def _take_items(service_id: int, kind: ContractChange.Kind, entries: Sequence[Entry], now: datetime) -> None:
    """Resources are told when they come and go; of prompts and templates changes are told, too."""
    rows = list(ContentItem.objects.filter(service_id=service_id, kind=kind.value).order_by("position"))
    stored = dict(zip(keyed(_identity(row.data, row.name) for row in rows), rows, strict=True))
    offered = dict(
        zip(keyed(_identity(entry["data"], entry["name"]) for entry in entries), entries, strict=True)
    )
    _drop(ContentItem, [row.pk for key, row in stored.items() if key not in offered])
    place = max((row.position for row in rows), default=-1)
    fresh = [key for key in offered if key not in stored]
    differ = [key for key in offered if key in stored and stored[key].digest != offered[key]["digest"]]
    _store(
        ContentItem,
        [_item(service_id, kind, place + 1 + at, offered[key]) for at, key in enumerate(fresh)]
        + [_item(service_id, kind, stored[key].position, offered[key], stored[key].pk) for key in differ],
    )
    changes = [contract.added(key[0], kind.value) for key in fresh]
    changes += [contract.removed(key[0]) for key in stored if key not in offered]
    if kind is not Kind.RESOURCE:
        compared = (contract.item_changed(key[0], stored[key].data, offered[key]["data"]) for key in differ)
        changes += [change for change in compared if change]
    if changes:
        old = {key[0]: stored[key].data for key in reversed(stored)}
        new = {key[0]: offered[key]["data"] for key in reversed(offered)}
        history.remember(service_id, kind, changes, old, new, now=now)


def bring(service_id: int, rows: Sequence[WaitingTool], stored: Mapping[str, Tool]) -> None:
    """Take approved changes into the cache; *stored* are the cached tools of those names."""
    gone = [stored[row.name].pk for row in rows if row.action == Action.REMOVED and row.name in stored]
    _drop(Tool, gone)
    place = Tool.objects.filter(service_id=service_id).aggregate(last=Max("position"))["last"]
    place = -1 if place is None else place
    kept: list[Tool] = []
    for row in rows:
        if row.definition is None:
            continue
        entry = {"name": row.name, "digest": row.digest, **row.definition}
        tool = stored.get(row.name)
        place += tool is None
        kept.append(_tool(service_id, tool.position if tool else place, entry, tool.pk if tool else None))
    _store(Tool, kept)


def waiting_for(service_id: int, tool: str) -> WaitingTool | None:
    """The tool as it waits for approval, if it may not be called."""
    held = Q(action=Action.ADDED) | Q(action=Action.CHANGED)
    return WaitingTool.objects.filter(held, service_id=service_id, name=tool).first()
