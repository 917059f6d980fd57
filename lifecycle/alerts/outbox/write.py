"""Write messages into the outbox, in the transaction of what they tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.db.models.fields.json import KT

from lifecycle.alerts.outbox import pacing
from lifecycle.alerts.outbox.content import payloads
from lifecycle.alerts.outbox.content.payloads import beginning_of, end_of, stamp
from lifecycle.alerts.outbox.content.story import SUMMARY_LIMIT, Story, story_now
from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.silences import quiet
from lifecycle.core.alerting import grouping, messages
from lifecycle.core.alerting.evaluate import Notice
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.models import Channel, Delivery, Episode
from lifecycle.monitoring.settings import queries as monitoring

KEPT_TRYING = timedelta(hours=24)
TEST_KEPT_TRYING = timedelta(minutes=2)


def queue_late(row: Episode, channel: Channel, now: datetime) -> None:
    """The beginning of what has been open for a while, to a channel that is new to its rule."""
    story = story_now(row)
    fired_at = row.fired_at or now
    if not Delivery.objects.filter(episode=row, kind=Delivery.Kind.FIRING).exists():
        escalation.begin([row], now)
    queue(row, [channel], Notice.FIRING, beginning_of(row, story, fired_at), now)


def queue_firing(told: Sequence[tuple[Episode, Story]], now: datetime) -> None:
    """One message to each channel of each rule; its text is the episode's summary."""
    escalation.begin([row for row, _ in told], now)
    on, hush = monitoring.current().alerts_enabled, quiet.now_is(now)
    rows, hushed = list[Delivery](), list[tuple[Episode, quiet.Reason]]()
    pace = pacing.current()
    prefetch_related_objects([row.rule for row, _ in told], "channels")
    for row, story in told:
        channels = [channel for channel in row.rule.channels.all() if channel.enabled]
        if channels and not on:
            continue
        if (reason := hush.why(row)) is not None:
            hushed.append((row, reason))
        elif channels:
            rows += _messages(
                row, channels, Notice.FIRING, beginning_of(row, story, row.fired_at or now), now, pace
            )
    quiet.trace_all(hushed, now)
    Delivery.objects.bulk_create(rows)


def withdraw(row: Episode, now: datetime) -> int:
    """Take back what is queued and nobody has tried to send: a silence came first. How many messages.

    It is as if they had never been queued: no end follows, and what fires after the silence is told then.
    """
    begins = [Delivery.Kind.FIRING, Delivery.Kind.REMINDER]
    waiting = Delivery.objects.filter(escalation.WAITING, episode=row, kind__in=begins)
    with transaction.atomic():
        locked = dict(waiting.select_for_update(no_key=True).values_list("pk", "turn"))
        escalation.take_back(row, set(locked.values()), now)
        return Delivery.objects.filter(pk__in=locked).delete()[0]


def queue_resolved(ended: Sequence[tuple[Episode, Story]], now: datetime) -> None:
    """The ends, to those channels alone that were, or still will be, told of the beginning."""
    over = [row.pk for row, _ in ended]
    escalation.call_off(over)
    told = Delivery.objects.filter(~Q(state=Delivery.State.DEAD), episode__in=over, kind=Delivery.Kind.FIRING)
    told = told.exclude(state=Delivery.State.SUPERSEDED, attempts=0, group=None)
    beginnings: defaultdict[int | None, dict[Channel, Delivery]] = defaultdict(dict)
    told = told.annotate(was_rule=KT("payload__data__rule"), was_level=KT("payload__data__level"))
    for delivery in told.select_related("channel").defer("payload"):
        beginnings[delivery.episode_id][delivery.channel] = delivery
    rows, pace = list[Delivery](), pacing.current()
    for row, story in ended:
        if mine := beginnings[row.pk]:
            rows += _messages(
                row, list(mine), Notice.RESOLVED, end_of(row, story, row.resolved_at or now), now, pace, mine
            )
    Delivery.objects.bulk_create(rows)


def queue_reminder(row: Episode, now: datetime, why: str = "") -> int:
    """That it still fires, and *why* that is said, to those channels that have its beginning; how many."""
    told = Delivery.objects.filter(
        episode=row, kind=Delivery.Kind.FIRING, state__in=[Delivery.State.DELIVERED, Delivery.State.PARTIAL]
    )
    beginnings = {delivery.channel: delivery for delivery in told.select_related("channel")}
    story = story_now(row)
    data = beginning_of(row, story, row.fired_at or now)
    why = why or f"Still firing after {messages.lasting(now - row.opened_at)}"
    data["message"] = f"{why}: {row.summary}"
    queue(row, [one for one in beginnings if one.enabled], Notice.REMINDER, data, now, beginnings)
    return len(beginnings)


def queue(
    row: Episode,
    channels: list[Channel],
    notice: Notice,
    data: dict[str, Any],
    now: datetime,
    beginnings: Mapping[Channel, Delivery] | None = None,
    turn: int = 0,
) -> None:
    """A message to each channel."""
    if channels:
        rows = _messages(row, channels, notice, data, now, pacing.current(), beginnings, turn)
        Delivery.objects.bulk_create(rows)


def _messages(
    row: Episode,
    channels: Sequence[Channel],
    notice: Notice,
    data: dict[str, Any],
    now: datetime,
    pace: Pacing,
    beginnings: Mapping[Channel, Delivery] | None = None,
    turn: int = 0,
) -> list[Delivery]:
    """One for each channel, not yet written."""
    payload = {"type": f"alert.{notice.value}", "timestamp": stamp(now), "data": data}
    level = "" if notice is Notice.RESOLVED else row.rule.level
    return [
        Delivery(
            channel=channel,
            episode=row,
            beginning=beginnings[channel] if beginnings else None,
            kind=notice.value,
            turn=turn,
            payload=_payload(payload, beginnings, channel),
            urgent=level == grouping.URGENT,
            created_at=now,
            next_attempt_at=pace.due(channel.kind, level, now),
            expires_at=now + KEPT_TRYING,
        )
        for channel in channels
    ]


def _payload(
    payload: dict[str, Any], beginnings: Mapping[Channel, Delivery] | None, channel: Channel
) -> dict[str, Any]:
    """The same for all, but for ends of what had another name, or was called off after an attempt."""
    if not beginnings:
        return payload
    beginning, data = beginnings[channel], payload["data"]
    was = {"rule": getattr(beginning, "was_rule", None), "level": getattr(beginning, "was_level", None)}
    if was["rule"] and was != {name: data[name] for name in was}:
        payload = payload | {"data": data | {"began_as": was}}
    return (
        escalation.telling_both(payload, beginning)
        if beginning.state == Delivery.State.SUPERSEDED
        else payload
    )


def queue_test(channel: Channel, by: str, now: datetime) -> Delivery:
    """A test message, tried once; its row tells how it went."""
    data = payloads.of_test(channel, by, now)
    return Delivery.objects.create(
        channel=channel,
        kind=Delivery.Kind.TEST,
        payload={"type": "alert.test", "timestamp": stamp(now), "data": data},
        created_at=now,
        next_attempt_at=now,
        expires_at=now + TEST_KEPT_TRYING,
    )


def queue_of_program(rule: str, level: str, text: str, now: datetime) -> int:
    """What a program tells, to every enabled email channel; how many. It belongs to no alert."""
    data = payloads.of_program(rule[:100], level, text[:SUMMARY_LIMIT], now)
    rows = [
        Delivery(
            channel=channel,
            kind=Delivery.Kind.REPORT,
            payload={"type": "alert.report", "timestamp": stamp(now), "data": data},
            created_at=now,
            next_attempt_at=now,
            expires_at=now + KEPT_TRYING,
        )
        for channel in Channel.objects.filter(kind="email", enabled=True)
    ]
    return len(Delivery.objects.bulk_create(rows))
