"""What a service offers, kept as rows: the only writer of the cached lists (requirements 1.8).

A refresh that brings nothing new costs one look at one row. Otherwise only what differs is written. While a
service is pinned its `Tool` rows are what was approved; what differs from them waits as `WaitingTool`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from registry import history
from registry.cached import Entry, item_row, store, tool_row
from registry.core import contract
from registry.core.contract import Action, Change
from registry.item_changes import take_items
from registry.models import ContentItem, Contract, ContractChange, Tool, WaitingTool
from registry.tool_changes import Following, Pinned

Kind = ContractChange.Kind
ITEM_KINDS = (Kind.RESOURCE, Kind.TEMPLATE, Kind.PROMPT)


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
        work = Pinned if known.pinned_at else Following
        changes = work(service_id, offered.tools, now).run()
    for kind in differing - {Kind.TOOL.value}:
        take_items(service_id, Kind(kind), offered.items[kind], now)
    known.digests, known.changed_at = known.digests | digests, now
    known.save(update_fields=["digests", "changed_at"])
    return Taken(changes=changes, pinned=known.pinned_at is not None)


def _first(service_id: int, offered: Offered, digests: dict[str, str], now: datetime) -> None:
    """The first listing is no change, however much there is."""
    Tool.objects.filter(service_id=service_id).delete()
    ContentItem.objects.filter(service_id=service_id).delete()
    store(Tool, [tool_row(service_id, at, entry) for at, entry in enumerate(offered.tools)])
    for kind, entries in offered.items.items():
        store(ContentItem, [item_row(service_id, Kind(kind), at, entry) for at, entry in enumerate(entries)])
    Contract.objects.create(service_id=service_id, digests=digests, first_seen_at=now, changed_at=now)
    counted = {"tool": len(offered.tools)} | {kind: len(found) for kind, found in offered.items.items()}
    named = (f"{number:,} {what}{'s' * (number > 1)}" for what, number in counted.items() if number)
    text = ", ".join(named) or "nothing"
    history.note(service_id, ContractChange.Act.FIRST_SEEN, [f"offers {text}"], now=now)


def waiting_for(service_id: int, tool: str) -> WaitingTool | None:
    """The tool as it waits for approval, if it may not be called."""
    held = Q(action=Action.ADDED) | Q(action=Action.CHANGED)
    return WaitingTool.objects.filter(held, service_id=service_id, name=tool).first()


def list_hash(rows: Iterable[tuple[str, str]]) -> str:
    """Of all that waits, by name and digest: another one as soon as anything else waits."""
    return contract.list_digest(rows)
