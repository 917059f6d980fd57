"""The feed: one row for each thing that a page may show and that changed, followed from place to place.

A place is a number that grows: on SQLite, where one writes at a time, the id of the last row; on PostgreSQL
the transaction below which all has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Q

from lifecycle.live.feed import notices, transactions
from lifecycle.models import FeedItem

KEPT = timedelta(hours=1)
TOO_MANY = 500
AT_ONCE = 10_000
OVERLAP = timedelta(seconds=5)


@dataclass(frozen=True)
class Item:
    """What one row says; `ref` 0 is all of the kind."""

    id: int
    kind: str
    ref: int


def note(kind: str, ref: int, now: datetime) -> None:
    """Say that something changed; call it inside the transaction of the change."""
    note_all(kind, [ref], now)


def note_all(kind: str, refs: Iterable[int], now: datetime) -> None:
    """The same of several at once."""
    FeedItem.objects.bulk_create([FeedItem(kind=kind, ref=ref, at=now) for ref in refs])
    if connection.vendor == "postgresql":
        transaction.on_commit(notices.tell, robust=True)


def place() -> int:
    """Where to follow from; read it before what the page shows."""
    return transactions.horizon() if connection.vendor == "postgresql" else _latest_id()


def _latest_id() -> int:
    return FeedItem.objects.aggregate(last=Max("id"))["last"] or 0


def since(after: int, now: datetime) -> list[Item] | None:
    """What came after that place, perhaps more; None when that is too much, or no longer known."""
    found = _since_transaction(after) if connection.vendor == "postgresql" else _since_id(after, now)
    return None if found is None or len(found) > TOO_MANY else found


def _since_transaction(after: int) -> list[Item] | None:
    if not transactions.feed_reaches(after):
        return None
    return [Item(row.id, row.kind, row.ref) for row in transactions.feed_since(after, TOO_MANY + 1)[1]]


def _since_id(after: int, now: datetime) -> list[Item] | None:
    """The last seconds again too: a page may have read its place and its content at two moments."""
    ids = FeedItem.objects.order_by("id").values_list("id", flat=True)
    oldest = ids.first()
    if oldest is None:
        return [] if after == 0 else None
    if oldest > after + 1 or after > _latest_id():
        return None
    rows = FeedItem.objects.filter(Q(id__gt=after) | Q(at__gte=now - OVERLAP)).order_by("id")
    return _items(rows.values_list("id", "kind", "ref")[: TOO_MANY + 1])


def _items(rows: Iterable[tuple[int, str, int]]) -> list[Item]:
    return [Item(*row) for row in rows]


def prune(now: datetime) -> int:
    """Forget rows that no page can still be waiting for; the newest stays, so that the ids go on."""
    old = FeedItem.objects.filter(at__lt=now - KEPT, id__lt=_latest_id())
    return old.delete()[0]


@dataclass
class Cursor:
    """Follows the feed from a place; each process has its own."""

    last: int
    _seen: set[int] = field(default_factory=set)

    def read(self) -> list[Item]:
        """The rows that have become visible since the last call, each of them once."""
        if connection.vendor == "postgresql":
            return self._read_transactions()
        rows = FeedItem.objects.filter(id__gt=self.last).order_by("id")
        found = _items(rows.values_list("id", "kind", "ref")[:AT_ONCE])
        self.last = found[-1].id if found else self.last
        return found

    def _read_transactions(self) -> list[Item]:
        """What stands above the place is remembered until the place has passed it."""
        limit = AT_ONCE + len(self._seen)
        horizon, rows = transactions.feed_since(self.last, limit)
        self.last = horizon if len(rows) < limit else min(horizon, rows[-1].xid)
        before, self._seen = self._seen, {row.id for row in rows if row.xid >= self.last}
        return [Item(row.id, row.kind, row.ref) for row in rows if row.id not in before]
