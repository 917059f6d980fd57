"""Store what a service offers: the only writer of cached tools and lists (requirements 1.8).

A refresh that brings nothing new costs one look at one row. Otherwise only what differs is written. While a
service is pinned its `Tool` rows are what was approved; what differs from them waits as `WaitingTool`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from registry.contracts import history
from registry.contracts.cached_lists import Entry, Write, item_row, store, tool_row
from registry.contracts.item_changes import take_items
from registry.contracts.tool_changes import Following, Pinned
from registry.core.contract import compare
from registry.core.contract.compare import Action, Change
from registry.models import ContentItem, Contract, ContractChange, Tool, WaitingTool

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
            kind: compare.list_digest((entry["name"], entry["digest"]) for entry in entries)
            for kind, entries in lists.items()
        }


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of the contract; `changes` are those of tools. `pinned`: they wait for approval."""

    changes: Sequence[Change] = field(default_factory=list)
    pinned: bool = False


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What taking a list of tools would write, as long as `contract_status` is how things stand."""

    contract_status: object
    changes: Sequence[Change]
    writes: Sequence[Write]


def prepare(service_id: int, offered: Offered, now: datetime) -> Prepared | None:
    """Read and compare what `take` needs of the tools, without a transaction: of many that takes its time.

    None where there is nothing to compare: the service is seen for the first time, or its tools are the same.
    """
    known = Contract.objects.filter(pk=service_id).first()
    kind = Kind.TOOL.value
    if known is None or known.digests.get(kind) == offered.digests()[kind]:
        return None
    return _prepared(known, offered, now)


def _prepared(known: Contract, offered: Offered, now: datetime) -> Prepared:
    contract_status = _standing(known)
    work = (Pinned if known.pinned_at else Following)(known.pk, offered.tools, now)
    return Prepared(contract_status=contract_status, changes=work.plan(), writes=work.writes)


def _standing(known: Contract) -> object:
    """All that the writes depend on: nobody but `take` and approvals changes the cached tools."""
    if known.pinned_at is None:
        return known.digests
    rows = WaitingTool.objects.filter(service_id=known.pk).order_by("pk").values_list("pk", "digest")
    return known.digests, known.pinned_at, list(rows)


def take(service_id: int, offered: Offered, now: datetime, prepared: Prepared | None = None) -> Taken:
    """Bring the cache to what is offered, and remember what changed; call it inside a transaction.

    What was *prepared* is used if nobody has pinned, approved or listed since then.
    """
    return take_all({service_id: offered}, now, {service_id: prepared} if prepared else {})[service_id]


def take_all(
    offers: Mapping[int, Offered], now: datetime, prepared: Mapping[int, Prepared] | None = None
) -> dict[int, Taken]:
    """The same for several services; those seen for the first time share a few statements."""
    rows = Contract.objects.select_for_update().filter(pk__in=offers).order_by("pk")
    known = {row.pk: row for row in rows}
    if fresh := {pk: offered for pk, offered in offers.items() if pk not in known}:
        _first(fresh, now)
    ready = prepared or {}
    return {
        pk: _again(known[pk], offers[pk], now, ready.get(pk)) if pk in known else Taken() for pk in offers
    }


def _again(known: Contract, offered: Offered, now: datetime, prepared: Prepared | None) -> Taken:
    service_id, digests = known.pk, offered.digests()
    differing = {kind for kind, digest in digests.items() if known.digests.get(kind) != digest}
    if not differing:
        return Taken()
    changes: Sequence[Change] = []
    if Kind.TOOL.value in differing:
        if prepared is None or prepared.contract_status != _standing(known):
            prepared = _prepared(known, offered, now)
        changes = prepared.changes
        for write in prepared.writes:
            write()
    for kind in differing - {Kind.TOOL.value}:
        take_items(service_id, Kind(kind), offered.items[kind], now)
    known.digests, known.changed_at = known.digests | digests, now
    known.save(update_fields=["digests", "changed_at"])
    return Taken(changes=changes, pinned=known.pinned_at is not None)


def _first(offers: Mapping[int, Offered], now: datetime) -> None:
    """The first listing is no change, however much there is."""
    for model in (Tool, ContentItem):
        model._default_manager.filter(service_id__in=offers).delete()
    store(Tool, [tool_row(pk, at, one) for pk, offer in offers.items() for at, one in enumerate(offer.tools)])
    items = [
        item_row(pk, Kind(kind), at, one)
        for pk, offer in offers.items()
        for kind, found in offer.items.items()
        for at, one in enumerate(found)
    ]
    store(ContentItem, items)
    Contract.objects.bulk_create(
        Contract(service_id=pk, digests=offer.digests(), first_seen_at=now, changed_at=now)
        for pk, offer in offers.items()
    )
    history.begin({pk: _counted(offer) for pk, offer in offers.items()}, now)


def _counted(offered: Offered) -> str:
    counted = {"tool": len(offered.tools)} | {kind: len(found) for kind, found in offered.items.items()}
    named = (f"{number:,} {what}{'s' * (number > 1)}" for what, number in counted.items() if number)
    return f"offers {', '.join(named) or 'nothing'}"


def waiting_for(service_id: int, tool: str) -> WaitingTool | None:
    """The tool as it waits for approval, if it may not be called."""
    held = Q(action=Action.ADDED) | Q(action=Action.CHANGED)
    return WaitingTool.objects.filter(held, service_id=service_id, name=tool).first()


def list_hash(rows: Iterable[tuple[str, str]]) -> str:
    """Of all that waits, by name and digest: another one as soon as anything else waits."""
    return compare.list_digest(rows)
