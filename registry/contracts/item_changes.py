"""Resources, templates and prompts: a new listing compared with the cache."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from registry.contracts import history
from registry.contracts.cached_lists import Entry, drop, item_row, keyed, store
from registry.core.contract import compare
from registry.models import ContentItem, ContractChange

Kind = ContractChange.Kind


def _identity(data: Entry, name: str) -> str:
    """By what a resource is fetched, or a prompt is asked for."""
    said = data.get("uri") or data.get("uriTemplate")
    return said[:500] if isinstance(said, str) else name


def take_items(service_id: int, kind: ContractChange.Kind, entries: Sequence[Entry], now: datetime) -> None:
    """Resources are told when they come and go; of prompts and templates changes are told, too."""
    rows = list(ContentItem.objects.filter(service_id=service_id, kind=kind.value).order_by("position"))
    stored = dict(zip(keyed(_identity(row.data, row.name) for row in rows), rows, strict=True))
    offered = dict(
        zip(keyed(_identity(entry["data"], entry["name"]) for entry in entries), entries, strict=True)
    )
    drop(ContentItem, [row.pk for key, row in stored.items() if key not in offered])
    place = max((row.position for row in rows), default=-1)
    fresh = [key for key in offered if key not in stored]
    differ = [key for key in offered if key in stored and stored[key].digest != offered[key]["digest"]]
    store(
        ContentItem,
        [item_row(service_id, kind, place + 1 + at, offered[key]) for at, key in enumerate(fresh)]
        + [item_row(service_id, kind, stored[key].position, offered[key], stored[key].pk) for key in differ],
    )
    changes = [compare.added(key[0], kind.value) for key in fresh]
    changes += [compare.removed(key[0]) for key in stored if key not in offered]
    if kind is not Kind.RESOURCE:
        compared = (compare.item_changed(key[0], stored[key].data, offered[key]["data"]) for key in differ)
        changes += [change for change in compared if change]
    if changes:
        old = {key[0]: stored[key].data for key in reversed(stored)}
        new = {key[0]: offered[key]["data"] for key in reversed(offered)}
        history.remember(service_id, kind, changes, old, new, now=now)
