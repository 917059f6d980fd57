"""Join what waits for a channel into one message, and mark what a newer message has overtaken."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from lifecycle.alerts.outbox.content import digest
from lifecycle.alerts.outbox.escalation.rows import CALLED_OFF, telling_both
from lifecycle.core.alerting.grouping import Pacing, may_leave
from lifecycle.models import Channel, Delivery, Episode

State, Kind = Delivery.State, Delivery.Kind
OVERTAKEN = "not sent: the alert ended first; its recovery notice covers both"
NEVER_BEGUN = "not sent: the alert that it resolves was never delivered"
AT_ONCE = 500


def gather(number: int, now: datetime, pacing: Pacing) -> Delivery | None:
    """The channel's next new message, if its pause is over: a row as it is, or one for several."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update(no_key=True).get(pk=number)
        waiting = channel.deliveries.filter(state=State.QUEUED, group=None, attempts=0).exclude(
            kind__in=[Kind.TEST, Kind.REPORT]
        )
        due = set(waiting.filter(next_attempt_at__lte=now).order_by().values_list("urgent", flat=True))
        pauses = (channel.quiet_until, channel.urgent_quiet_until)
        if not any(may_leave(now, urgent, *pauses) for urgent in due):
            return None
        rows = list(waiting.select_related("beginning", "episode").order_by("id"))
        rows = without_overtaken(rows, now)
        if not rows:
            return None
        _pause(channel, any(row.urgent for row in rows), now, pacing)
        return _only(rows[0], channel) if len(rows) == 1 else _join(channel, rows, now)


def _pause(channel: Channel, urgent: bool, now: datetime, pacing: Pacing) -> None:
    fields: dict[str, Any] = {"quiet_until": now + pacing.interval}
    if urgent:
        fields["urgent_quiet_until"] = now + pacing.interval
    Channel.objects.filter(pk=channel.pk).update(**fields)


def _only(row: Delivery, channel: Channel) -> Delivery:
    row.channel = channel
    return row


def _join(channel: Channel, rows: Sequence[Delivery], now: datetime) -> Delivery:
    counts = digest.counted(rows)
    head = Delivery.objects.create(
        channel=channel,
        beginning=_beginning(rows),
        kind=digest.kind_of(counts),
        payload={},
        urgent=any(row.urgent for row in rows),
        created_at=now,
        next_attempt_at=now,
        expires_at=min(row.expires_at for row in rows),
    )
    head.payload = digest.payload(rows, counts, head.pk, now)
    head.save(update_fields=["payload"])
    for start in range(0, len(rows), AT_ONCE):
        part = [row.pk for row in rows[start : start + AT_ONCE]]
        Delivery.objects.filter(pk__in=part).update(group=head)
    return head


def _beginning(rows: Sequence[Delivery]) -> Delivery | None:
    """The message that told all of these ends' beginnings, if it was one: they go into its thread."""
    if any(row.kind != Kind.RESOLVED for row in rows):
        return None
    origins = {origin_of(row.beginning) for row in rows}
    return origins.pop() if len(origins) == 1 else None


def origin_of(beginning: Delivery | None) -> Delivery | None:
    """The message by which a beginning went out: itself, or its group; None where it never did."""
    if beginning is None or beginning.state == State.SUPERSEDED:
        return None
    return beginning.group or beginning


def without_overtaken(rows: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Those of *rows* that are still to be sent, in the order of their ids."""
    ends = [row for row in rows if row.kind == Kind.RESOLVED and _takes_over(row.beginning, now)]
    supersede(ends)
    gone = {end.beginning_id for end in ends} | _call_off(rows) | _without_beginning(rows)
    out = _still_out(rows)
    return [row for row in rows if row.pk not in gone and not _must_wait(row, out)]


def _without_beginning(rows: Sequence[Delivery]) -> set[int]:
    """Ends of what was never delivered, and never will be."""
    void = {row.pk for row in rows if row.beginning is not None and row.beginning.state == State.DEAD}
    if void:
        Delivery.objects.filter(pk__in=void, state=State.QUEUED).update(state=State.DEAD, answer=NEVER_BEGUN)
    return void


def _call_off(rows: Sequence[Delivery]) -> set[int]:
    """Reminders and turns of escalations that are no longer wanted."""
    idle = {row.pk for row in rows if _idle(row)}
    if idle:
        waiting = Delivery.objects.filter(pk__in=idle, state=State.QUEUED)
        waiting.update(state=State.SUPERSEDED, answer=CALLED_OFF)
    return idle


def _idle(row: Delivery) -> bool:
    """Whether it asks somebody to look who need not: taken on, or over."""
    asks = row.kind == Kind.REMINDER or (row.kind == Kind.FIRING and row.turn > 0)
    return asks and (not row.episode or row.episode.state != Episode.State.FIRING)


def called_off(delivery: Delivery) -> bool:
    """Whether a message that is due is not sent (again), since all of it is idle; its row says so then.

    Of a group that is idle in part the rest is sent, under the same id.
    """
    if delivery.kind not in (Kind.REMINDER, Kind.FIRING):
        return False
    waiting = delivery.members.filter(state=State.QUEUED).select_related("episode", "beginning")
    mine = list(waiting.order_by("id")) if delivery.episode_id is None else []
    mine = mine or [delivery]
    idle = {row.pk for row in mine if _idle(row)}
    if not idle:
        return False
    rest = [row for row in mine if row.pk not in idle]
    with transaction.atomic():
        _tell_both([row for row in mine if row.pk in idle])
        _drop(idle if rest else idle | {delivery.pk})
        if rest:
            _shorten(delivery, rest)
    return not rest


def _drop(keys: Collection[int]) -> None:
    """Neither these nor, where some recipients have them, to the others."""
    waiting = Delivery.objects.filter(pk__in=keys, state=State.QUEUED)
    waiting.filter(delivered_at=None).update(state=State.SUPERSEDED, answer=CALLED_OFF)
    waiting.update(state=State.PARTIAL, to=[])


def _shorten(head: Delivery, rows: Sequence[Delivery]) -> None:
    """The group tells of these alone from now on."""
    counts = digest.counted(rows)
    head.kind = digest.kind_of(counts)
    head.payload = digest.payload(rows, counts, head.pk, head.created_at)
    head.save(update_fields=["kind", "payload"])


def _tell_both(beginnings: Sequence[Delivery]) -> None:
    """Ends that wait for what is never sent again say what it was, since nobody knows who has it."""
    waiting = Delivery.objects.filter(state=State.QUEUED, attempts=0, group=None, kind=Kind.RESOLVED)
    for end in waiting.filter(beginning__in=beginnings).select_related("beginning"):
        assert end.beginning is not None
        Delivery.objects.filter(pk=end.pk).update(payload=telling_both(end.payload, end.beginning))


def _takes_over(beginning: Delivery | None, now: datetime) -> bool:
    """Whether nobody has it, and no attempt is under way."""
    if beginning is None or beginning.state != State.QUEUED or beginning.delivered_at or beginning.group_id:
        return False
    return beginning.attempts == 0 or beginning.next_attempt_at <= now


def _must_wait(row: Delivery, out: Collection[int | None]) -> bool:
    """An end, for its beginning to go out, and for what was tried of its episode and may come again."""
    beginning = row.beginning
    if row.kind == Kind.RESOLVED and row.episode_id in out:
        return True
    return beginning is not None and beginning.state == State.QUEUED and beginning.delivered_at is None


def _still_out(rows: Sequence[Delivery]) -> set[int | None]:
    """The episodes that something tells of, alone or in a group, that was tried and is tried again."""
    ends = {row.episode_id for row in rows if row.kind == Kind.RESOLVED and row.episode_id}
    if not ends:
        return set()
    return set(tried(rows[0].channel_id).filter(episode__in=ends).values_list("episode", flat=True))


def tried(channel: int) -> QuerySet[Delivery]:
    """Reminders of a channel that nobody knows of whether they arrived: they come again."""
    again = Q(attempts__gt=0) | Q(group__state=State.QUEUED, group__attempts__gt=0)
    waiting = Delivery.objects.filter(again, channel=channel, state=State.QUEUED, kind=Kind.REMINDER)
    return waiting.filter(delivered_at=None)


def supersede(ends: Sequence[Delivery]) -> None:
    """Let these ends, none of them tried yet, tell their beginnings too."""
    for end in ends:
        beginning = end.beginning
        assert beginning is not None
        beginning.state, beginning.group, beginning.answer = State.SUPERSEDED, end, OVERTAKEN
        end.payload = telling_both(end.payload, beginning)
    Delivery.objects.bulk_update(ends, ["payload"], batch_size=AT_ONCE)
    beginnings = [end.beginning for end in ends if end.beginning is not None]
    Delivery.objects.bulk_update(beginnings, ["state", "group", "answer"], batch_size=AT_ONCE)


def overtaken(delivery: Delivery, now: datetime) -> bool:
    """Whether a beginning that failed and is due again is superseded: every end of it is waiting."""
    if delivery.kind != Kind.FIRING or delivery.delivered_at is not None or not delivery.attempts:
        return False
    with transaction.atomic():
        mine = list(delivery.members.filter(state=State.QUEUED)) or [delivery]
        ends = list(
            Delivery.objects.filter(beginning__in=mine, state=State.QUEUED, attempts=0, group=None)
            .exclude(kind=Kind.REMINDER)
            .select_related("beginning")
        )
        if {end.beginning_id for end in ends} != {row.pk for row in mine}:
            return False
        supersede(ends)
        Delivery.objects.filter(pk=delivery.pk).update(state=State.SUPERSEDED, answer=OVERTAKEN)
    return True
