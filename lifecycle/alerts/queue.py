"""The outbox read from its other end: what is due, taking it, and writing down how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from lifecycle.alerts import rows
from lifecycle.alerts.senders.letter import ANSWER_LIMIT
from lifecycle.core import resending
from lifecycle.models import Channel, Delivery, DeliveryAttempt

# Longer than any attempt may take: a row that a killed worker had taken is free again after this.
CLAIM = timedelta(seconds=30)
NEVER_BEGUN = "not sent: the message that it ends was never delivered"
TOO_LATE = "not delivered in time"
QUEUED, DELIVERED, DEAD = Delivery.State.QUEUED, Delivery.State.DELIVERED, Delivery.State.DEAD


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one attempt went."""

    ok: bool
    answer: str
    took: timedelta
    retry_after: timedelta | None = None
    gone: bool = False


def due_channels(now: datetime) -> list[int]:
    """The channels that have something to send."""
    due = Delivery.objects.filter(state=QUEUED, next_attempt_at__lte=now, channel__enabled=True)
    return list(due.order_by().values_list("channel", flat=True).distinct())


def take(channel: int, now: datetime) -> Delivery | None:
    """The oldest due message of the channel, claimed; the beginning of an episode before its end."""
    beginning = Delivery.objects.filter(
        episode=OuterRef("episode"), channel=OuterRef("channel"), kind=Delivery.Kind.FIRING, state=QUEUED
    )
    due = Delivery.objects.filter(
        channel=channel, state=QUEUED, next_attempt_at__lte=now, channel__enabled=True
    )
    due = due.exclude(Exists(beginning), kind=Delivery.Kind.RESOLVED).order_by("id").select_related("channel")
    for delivery in due[:20]:
        if _ends_what_never_began(delivery):
            _bury(delivery, NEVER_BEGUN, now)
        elif _claim(delivery, now):
            return delivery
    return None


def _claim(delivery: Delivery, now: datetime) -> bool:
    """Ours until the time that is now in the row, which is also how `settle` knows the claim again."""
    free = _as_read(delivery)
    delivery.attempts += 1
    delivery.next_attempt_at = now + CLAIM
    return bool(free.update(next_attempt_at=delivery.next_attempt_at, attempts=delivery.attempts))


def _as_read(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, state=QUEUED, next_attempt_at=delivery.next_attempt_at)


def beginning_of(delivery: Delivery) -> Delivery | None:
    """The message that told of the beginning, for one that tells of the end."""
    if delivery.kind != Delivery.Kind.RESOLVED or delivery.episode_id is None:
        return None
    return Delivery.objects.filter(
        episode=delivery.episode_id, channel=delivery.channel_id, kind=Delivery.Kind.FIRING
    ).first()


def _ends_what_never_began(delivery: Delivery) -> bool:
    beginning = beginning_of(delivery)
    return beginning is not None and beginning.state == DEAD


def _bury(delivery: Delivery, answer: str, now: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk, state=QUEUED).update(state=DEAD, answer=answer)
    note(delivery, now)


def settle(delivery: Delivery, outcome: Outcome, now: datetime, chance: float) -> None:
    """Write the attempt and what follows from it, in one transaction.

    Who was so late that another took the message over only notes the attempt.
    """
    answer = outcome.answer[:ANSWER_LIMIT]
    ms = round(outcome.took.total_seconds() * 1000)
    with transaction.atomic():
        DeliveryAttempt.objects.create(delivery=delivery, at=now, ok=outcome.ok, answer=answer, ms=ms)
        if outcome.ok:
            fields = {"state": DELIVERED, "delivered_at": now, "answer": answer}
        else:
            fields = {"answer": answer, **_after_failure(delivery, outcome, now, chance)}
        mine = _as_read(delivery).update(**fields)
        if mine and outcome.gone:
            Channel.objects.filter(pk=delivery.channel_id).update(enabled=False, disabled_reason=answer[:300])
        note(delivery, now)


def _after_failure(delivery: Delivery, outcome: Outcome, now: datetime, chance: float) -> dict[str, object]:
    following = now + resending.wait_before_next(delivery.attempts, chance, outcome.retry_after)
    once = delivery.kind == Delivery.Kind.TEST
    if once or outcome.gone or following >= delivery.expires_at:
        return {"state": DEAD}
    return {"next_attempt_at": following}


def expire(now: datetime) -> int:
    """Bury what has waited too long, as for a channel that is switched off."""
    late = Delivery.objects.filter(state=QUEUED, expires_at__lte=now, next_attempt_at__lte=now)
    late.filter(answer="").update(answer=TOO_LATE)
    return late.update(state=DEAD)


def note(delivery: Delivery, now: datetime) -> None:
    """Tell the pages of the episode that its messages moved."""
    if delivery.episode_id is not None:
        rows.note_id(delivery.episode_id, now)
