"""Store what stdio services write as rows, so that pages can show it: a second late, and bounded.

All services together have a budget, so that floods of output cost the database little; what comes too fast is
left out and said to be.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Sum

from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.session.child.lines import RING_SIZE
from lifecycle.engine.session.child.output import Scribe, Taken
from lifecycle.engine.session.child.process import Child
from lifecycle.live.feed import feed
from lifecycle.models import ChildProcess, FeedItem, LogPiece
from registry.models import Service
from registry.secrets import vault

BYTES_A_ROUND = 256 * 1024
PIECES_KEPT = 500
SHORTEST_LINE_MASKED = 8


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row to be."""

    service_id: int
    kind: str
    text: str


@dataclass(eq=False)
class _Followed:
    service_id: int
    child: Child
    scribe: Scribe
    started_at: datetime
    news: list[Entry] = field(default_factory=list)
    ended: bool = False


@dataclass(eq=False)
class Batch:
    """What is to be written together: new text, and processes that started or ended."""

    entries: list[Entry] = field(default_factory=list)
    changed: list[_Followed] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.entries or self.changed)


class Logbook:
    """One per worker. `follow` is called as a process starts, `gather` each second, in the event loop."""

    def __init__(self) -> None:
        self._followed: list[_Followed] = []
        self._unwritten = Batch()

    def children(self) -> dict[int, Child]:
        """The processes that run, by service; the newest of each."""
        return {one.service_id: one.child for one in self._followed if not one.ended}

    def follow(self, service_id: int, child: Child, secret: frozenset[str], now: datetime) -> None:
        """Keep what *child* writes, without the values of *secret*."""
        hidden = with_their_lines(secret)
        scribe = Scribe(child.stderr, lambda text: vault.mask(text, hidden), max(map(len, hidden), default=0))
        one = _Followed(service_id, child, scribe, now)
        one.news.append(_note(service_id, f"process {child.pid} started"))
        self._followed.append(one)
        self._unwritten.changed.append(one)

    def gather(self) -> Batch:
        """What is new, within the budget; those that had no turn come first the next time."""
        batch = self._unwritten
        budget, served = BYTES_A_ROUND - sum(len(entry.text) for entry in batch.entries), 0
        for one in self._followed:
            if budget <= 0:
                break
            served += 1
            for entry in self._news_of(one):
                batch.entries.append(entry)
                budget -= len(entry.text)
        followed = self._followed[served:] + self._followed[:served]
        self._followed = [one for one in followed if not one.ended]
        return batch

    def written(self) -> None:
        """The batch that was gathered is durable; until this is said it is handed out again."""
        self._unwritten = Batch()

    def _news_of(self, one: _Followed) -> list[Entry]:
        entries, one.news = one.news, []
        exited = one.child.exited.done() and one.child.drained
        if taken := one.scribe.take(last=exited):
            entries += _entries(one.service_id, taken)
        if exited:
            one.ended = True
            self._unwritten.changed.append(one)
            entries.append(_note(one.service_id, one.child.ending()))
        return entries


def with_their_lines(secret: frozenset[str]) -> frozenset[str]:
    """The values, and each line of those that have several: a log shows them line by line."""
    lines = {line.strip() for value in secret if "\n" in value for line in value.splitlines()}
    return secret | {line for line in lines if len(line) >= SHORTEST_LINE_MASKED}


def _note(service_id: int, text: str) -> Entry:
    return Entry(service_id=service_id, kind=LogPiece.Kind.NOTE, text=text)


def _entries(service_id: int, taken: Taken) -> list[Entry]:
    entries = []
    if taken.missed:
        entries.append(_note(service_id, f"{taken.missed:,} bytes came too fast and were left out"))
    if taken.text:
        entries.append(Entry(service_id=service_id, kind=LogPiece.Kind.OUTPUT, text=taken.text))
    return entries


def write(batch: Batch, now: datetime, fence: Fence | None = None) -> None:
    """Store it and forget what is older than the last 64 KiB of each service; in one transaction."""
    entries, changed = batch.entries, batch.changed
    ids = {entry.service_id for entry in entries} | {one.service_id for one in changed}
    ours = (fence or Fence()).held_now(ids)
    there = set(Service.objects.filter(pk__in=ours).values_list("pk", flat=True))
    LogPiece.objects.bulk_create(
        LogPiece(
            service_id=entry.service_id,
            kind=entry.kind,
            at=now,
            text=entry.text,
            size=0 if entry.kind == LogPiece.Kind.NOTE else len(entry.text.encode("utf-8", "replace")),
        )
        for entry in entries
        if entry.service_id in there
    )
    for one in changed:
        if one.service_id in there:
            _write_process(one, now)
    for service_id in there:
        _prune(service_id)
        feed.note(FeedItem.Kind.LOG, service_id, now)


def _write_process(one: _Followed, now: datetime) -> None:
    """A process that ended does not hide the one that runs since."""
    rows = ChildProcess.objects.filter(service_id=one.service_id)
    if one.ended and rows.filter(ended_at=None).exclude(pid=one.child.pid).exists():
        return
    who = {"pid": one.child.pid, "host": socket.gethostname()[:200], "started_at": one.started_at}
    end = {"ended_at": now if one.ended else None, "ending": one.child.ending() if one.ended else ""}
    figures = {"sampled_at": None, "processes": 0, "cpu_percent": None, "memory_bytes": None}
    rows.update_or_create(service_id=one.service_id, defaults=who | end | figures)


def _prune(service_id: int) -> None:
    pieces = LogPiece.objects.filter(service_id=service_id)
    if (pieces.aggregate(held=Sum("size"))["held"] or 0) <= RING_SIZE and pieces.count() <= PIECES_KEPT:
        return
    held = 0
    for count, (pk, size) in enumerate(pieces.order_by("-id").values_list("pk", "size")):
        held += size
        if count >= PIECES_KEPT or (count and size and held > RING_SIZE):
            pieces.filter(pk__lte=pk).delete()
            return
