"""Writes the messages that are to be sent, in the transaction of what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from lifecycle.core import messages
from lifecycle.core.alerting import Notice
from lifecycle.models import AlertRule, Channel, Delivery, Episode

TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED
KEPT_TRYING = timedelta(hours=24)
TEST_KEPT_TRYING = timedelta(minutes=2)
SUMMARY_LIMIT = 1000
DEPENDENTS_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happened to the service, in the words that the messages carry; `needed_by` those that need it.

    `sign_in` says that it is up and lacks a token, so that it is not told of as down.
    """

    state: str
    reason: str
    sign_in: bool = False
    needed_by: tuple[str, ...] = ()


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def service_url(name: str) -> str:
    return f"{settings.PUBLIC_URL}/services/{name}/"


def fleet_url() -> str:
    return f"{settings.PUBLIC_URL}/services/?sort=failing"


def _common(row: Episode, story: Story) -> dict[str, Any]:
    return {
        "episode": row.pk,
        "rule": row.rule.name,
        "condition": row.rule.condition,
        "level": row.rule.level,
        "service": row.service.name if row.service else None,
        "state": story.state,
        "reason": story.reason,
        "since": stamp(row.opened_at),
        "url": service_url(row.service.name) if row.service else fleet_url(),
    } | ({"needs": "sign-in"} if story.sign_in else {})


def firing_text(rule: AlertRule, service: str, since: datetime, story: Story) -> str:
    """What the beginning says, in the rule's words."""
    values = {
        "service": service,
        "state": story.state,
        "reason": story.reason or "no reason is known",
        "since": f"{since:%Y-%m-%d %H:%M:%S} UTC",
        "rule": rule.name,
        "level": rule.level,
    }
    text = messages.fill(rule.message or _usual(rule, story), values)
    return f"{text}{messages.needed_by(story.needed_by)}"[:SUMMARY_LIMIT]


def _usual(rule: AlertRule, story: Story) -> str:
    """The message of a rule that has none of its own; empty for the one that fits most."""
    if rule.condition == AlertRule.Condition.MASS_FAILURE:
        return messages.MASS_MESSAGE
    if rule.condition == TOOLS_CHANGED:
        return messages.TOOLS_MESSAGE
    return messages.SIGN_IN_MESSAGE if story.sign_in else ""


def queue_firing(row: Episode, story: Story, now: datetime) -> None:
    """One message to each channel of the rule; its text is the episode's summary."""
    data = {**_common(row, story), "message": row.summary, "fired_at": stamp(now)}
    data |= {"dependents": list(story.needed_by[:DEPENDENTS_NAMED]), "dependents_count": len(story.needed_by)}
    told = [channel for channel in row.rule.channels.all() if channel.enabled]
    _queue(row, told, Notice.FIRING, data, now)


def queue_resolved(row: Episode, story: Story, now: datetime) -> None:
    """The end, to those channels alone that were, or still will be, told of the beginning."""
    told = Delivery.objects.filter(episode=row, kind=Delivery.Kind.FIRING).exclude(state=Delivery.State.DEAD)
    lasted = now - row.opened_at
    data = {
        **_common(row, story),
        "message": messages.served_again(row.service.name if row.service else None, lasted),
        "resolved_at": stamp(now),
        "lasted_s": round(lasted.total_seconds(), 3),
    }
    _queue(row, list(Channel.objects.filter(pk__in=told.values("channel"))), Notice.RESOLVED, data, now)


def _queue(
    row: Episode, channels: list[Channel], notice: Notice, data: dict[str, Any], now: datetime
) -> None:
    payload = {"type": f"alert.{notice.value}", "timestamp": stamp(now), "data": data}
    Delivery.objects.bulk_create(
        Delivery(
            channel=channel,
            episode=row,
            kind=notice.value,
            payload=payload,
            created_at=now,
            next_attempt_at=now,
            expires_at=now + KEPT_TRYING,
        )
        for channel in channels
    )


def queue_test(channel: Channel, by: str, now: datetime) -> Delivery:
    """A test message, tried once; its row tells how it went."""
    data = {
        "episode": None,
        "rule": "Test",
        "level": "INFO",
        "service": "example",
        "state": "HEALTHY",
        "reason": f"sent by {by} to try this channel",
        "since": stamp(now),
        "url": f"{settings.PUBLIC_URL}/alerts/channels/",
        "message": f"Test message for the channel {channel.name}, sent by {by}. Nothing is wrong.",
    }
    return Delivery.objects.create(
        channel=channel,
        kind=Delivery.Kind.TEST,
        payload={"type": "alert.test", "timestamp": stamp(now), "data": data},
        created_at=now,
        next_attempt_at=now,
        expires_at=now + TEST_KEPT_TRYING,
    )


def replay(delivery: Delivery, now: datetime) -> int:
    """Try a dead message for another 24 h under its old id; returns how many rows that put in the queue.

    An end whose beginning died takes the beginning along, which goes out first.
    """
    rows = Delivery.objects.filter(pk=delivery.pk)
    if delivery.kind == Delivery.Kind.RESOLVED and delivery.episode_id is not None:
        rows |= Delivery.objects.filter(
            episode=delivery.episode_id, channel=delivery.channel_id, kind=Delivery.Kind.FIRING
        )
    kept = TEST_KEPT_TRYING if delivery.kind == Delivery.Kind.TEST else KEPT_TRYING
    return rows.filter(state=Delivery.State.DEAD).update(
        state=Delivery.State.QUEUED, attempts=0, next_attempt_at=now, expires_at=now + kept
    )
