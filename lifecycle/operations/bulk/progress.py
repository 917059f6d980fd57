"""Progress of a bulk action: its row, its members counted, and the moment of its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from lifecycle.live.feed import feed
from lifecycle.models import Batch, Command, FeedItem
from registry.errors import RegistryError

State = Command.State
OPEN = frozenset({State.QUEUED, State.TAKEN})


class BatchNotFoundError(RegistryError):
    """There is no bulk action of this number."""

    code = "batch_not_found"

    def __init__(self, batch_id: int) -> None:
        super().__init__(f"There is no bulk action {batch_id}.")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a batch has come: members by what became of them."""

    total: int
    planned: int
    running: int
    done: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.cancelled


def get(batch_id: int) -> Batch:
    """The batch of this number; BatchNotFoundError if there is none."""
    found = Batch.objects.filter(pk=batch_id).first()
    if found is None:
        raise BatchNotFoundError(batch_id)
    return found


def progress(batch: Batch) -> Progress:
    """Counted now; one query over the members' index."""
    return _progress(batch, tally(batch))


def tally(batch: Batch) -> dict[tuple[int, str], int]:
    """Members by wave and state."""
    rows = batch.members.order_by().values_list("wave", "state").annotate(n=Count("pk"))
    return {(wave, state): n for wave, state, n in rows}


def _progress(batch: Batch, counts: Mapping[tuple[int, str], int]) -> Progress:
    def of(*states: str) -> int:
        return sum(n for (_, state), n in counts.items() if state in states)

    return Progress(
        total=batch.total,
        planned=of(State.PLANNED),
        running=of(*OPEN),
        done=of(State.DONE),
        failed=of(State.FAILED),
        cancelled=of(State.CANCELLED),
    )


def locked(batch_id: int) -> Batch:
    """The row, locked until the transaction ends; BatchNotFoundError if there is none."""
    found = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if found is None:
        raise BatchNotFoundError(batch_id)
    return found


def look(batch: Batch, now: datetime) -> None:
    """Close the batch when all its members have ended; tell the pages when something moved."""
    counts = tally(batch)
    counted = _progress(batch, counts)
    if counted.ended == sum(counts.values()):
        batch.finished_at = now
    seen = {"planned": counted.planned, "running": counted.running, "failed": counted.failed}
    seen |= {"done": counted.done, "wave": batch.wave}
    if seen != batch.seen or batch.finished_at is not None:
        batch.seen = seen
        batch.save(update_fields=["seen", "finished_at"])
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
