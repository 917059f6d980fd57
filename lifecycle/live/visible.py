"""What the feed says of services that whoever looks may see: others make no page stir."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from lifecycle.live.feed.feed import Item
from lifecycle.models import Batch, Command, Episode, FeedItem
from registry.models import Service
from registry.models.limits import current

Kind = FeedItem.Kind
ROWS: dict[str, type[Any]] = {
    Kind.SERVICE: Service,
    Kind.LIST: Service,
    Kind.LOG: Service,
    Kind.COMMAND: Command,
    Kind.BATCH: Batch,
    Kind.ALERT: Episode,
}
OF_ALL = frozenset({Kind.WORKER, Kind.DRIFT})
AT_ONCE = 500


def visible(items: Sequence[Item]) -> list[Item]:
    """Those of visible rows; where nothing limits the view, all of them, and nothing is read."""
    if not current():
        return list(items)
    wanted: dict[str, set[int]] = defaultdict(set)
    for item in items:
        if item.ref and item.kind in ROWS:
            wanted[item.kind].add(item.ref)
    seen = {kind: _seen(ROWS[kind], sorted(refs)) for kind, refs in wanted.items()}
    return [item for item in items if _shows(item, seen.get(item.kind, set()))]


def _shows(item: Item, seen: set[int]) -> bool:
    return item.kind in OF_ALL or (item.kind in ROWS and (item.ref == 0 or item.ref in seen))


def _seen(model: type[Any], refs: list[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(refs), AT_ONCE):
        part = refs[start : start + AT_ONCE]
        found |= set(model.objects.filter(pk__in=part).values_list("pk", flat=True))
    return found
