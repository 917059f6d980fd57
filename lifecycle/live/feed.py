"""The feed: one row for each thing that a page may show and that changed, followed by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max, Q

from lifecycle.models import FeedItem

KEPT = timedelta(hours=1)
TOO_MANY = 500
OVERLAP = timedelta(seconds=5)
HOLE_WATCHED = timedelta(seconds=60)
HOLES_AT_MOST = 1000


@dataclass(frozen=True)
class Item:
    """What one row says; `ref` 0 is all of the kind."""

    id: int
    kind: str
    ref: int


def note(kind: str, ref: int, now: datetime) -> None:
    """Say that something changed; call it inside the transaction of the change."""
    FeedItem.objects.create(kind=kind, ref=ref, at=now)


def latest_id() -> int:
    """The id to follow from; read it before what the page shows, or rely on the overlap of `since`."""
    return FeedItem.objects.aggregate(last=Max("id"))["last"] or 0


def since(after: int, now: datetime) -> list[Item] | None:
    """What came after id *after*, and the last seconds again; None when that is too much, or no longer known.

    The last seconds are repeated because a row may become visible later than a row with a higher id,
    and because a page reads the id and its content at two moments. Repeating does no harm.
    """
    ids = FeedItem.objects.order_by("id").values_list("id", flat=True)
    oldest = ids.first()
    if oldest is None:
        return [] if after == 0 else None
    if oldest > after + 1 or after > latest_id():
        return None
    rows = FeedItem.objects.filter(Q(id__gt=after) | Q(at__gte=now - OVERLAP)).order_by("id")
    found = [Item(*row) for row in rows.values_list("id", "kind", "ref")[: TOO_MANY + 1]]
    return None if len(found) > TOO_MANY else found


def prune(now: datetime) -> int:
    """Forget rows that no page can still be waiting for; the newest stays, so that the ids go on."""
    old = FeedItem.objects.filter(at__lt=now - KEPT, id__lt=latest_id())
    return old.delete()[0]


@dataclass
class Cursor:
    """Follows the feed. PostgreSQL may show ids out of order, so a hole is watched for a while."""

    last: int
    holes: dict[int, datetime] = field(default_factory=dict)

    def read(self, now: datetime) -> list[Item]:
        """The rows that have become visible since the last call, each of them once."""
        rows = FeedItem.objects.filter(Q(id__gt=self.last) | Q(id__in=list(self.holes))).order_by("id")
        found = [Item(*row) for row in rows.values_list("id", "kind", "ref")]
        self.advance([item.id for item in found], now)
        return found

    def advance(self, ids: Sequence[int], now: datetime) -> None:
        """Take note of visible *ids*: forget filled and old holes, remember new ones."""
        filled = set(ids)
        self.holes = {
            hole: seen
            for hole, seen in self.holes.items()
            if hole not in filled and now - seen < HOLE_WATCHED
        }
        newest = max([self.last, *ids])
        if newest - self.last <= HOLES_AT_MOST:
            fresh = set(range(self.last + 1, newest)) - filled
            self.holes.update(dict.fromkeys(sorted(fresh), now))
        self.last = newest
