"""Write messages into the outbox, in the transaction of what they tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.db.models.fields.json import KT
from django.utils.translation import get_language

from lifecycle.alerts.outbox import pacing
from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.rules.values import lacks_sign_in
from lifecycle.alerts.silences import quiet
from lifecycle.core.alerting import grouping, messages
from lifecycle.core.alerting.evaluate import MEASURED, Ending, Notice
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Delivery, Episode, ServiceState
from lifecycle.monitoring.settings import queries as monitoring
from lifecycle.pages import humanize
from lifecycle.services.counts import state_row
from lifecycle.services.diagnosis.diagnosis import Facts, diagnose

TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED
USUAL: Mapping[str, str] = {
    AlertRule.Condition.STATE_ENTERED: messages.DEFAULT_MESSAGE,
    AlertRule.Condition.NOT_SERVING_FOR: messages.DEFAULT_MESSAGE,
    AlertRule.Condition.NEEDS_SIGN_IN: messages.DEFAULT_MESSAGE,
    AlertRule.Condition.TOOLS_CHANGED: messages.TOOLS_MESSAGE,
    AlertRule.Condition.MASS_FAILURE: messages.MASS_MESSAGE,
    AlertRule.Condition.METRIC: messages.MEASURED_MESSAGE,
    AlertRule.Condition.BUDGET_BURN: messages.MEASURED_MESSAGE,
    AlertRule.Condition.UNUSUALLY_SLOW: messages.MEASURED_MESSAGE,
    AlertRule.Condition.FLAPPING: messages.MEASURED_MESSAGE,
}
"""The message of a rule that has none of its own."""
KEPT_TRYING = timedelta(hours=24)
TEST_KEPT_TRYING = timedelta(minutes=2)
SUMMARY_LIMIT = 1000
STATES = frozenset(state.value for state in State)
DEPENDENTS_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happened to the service, in the words that the messages carry; `needed_by` those that need it.

    `kind` and `cause` are those of the failure, `next_try` is when the console connects again by itself.
    """

    state: str
    reason: str
    kind: str = ""
    cause: str = ""
    next_try: datetime | None = None
    needed_by: tuple[str, ...] = ()

    @property
    def sign_in(self) -> bool:
        """It is up and lacks a token, so it is not told of as down."""
        return lacks_sign_in(self.state, self.kind)

    @classmethod
    def of(cls, state: ServiceState) -> Story:
        """What its row says."""
        return cls(
            state=state.state,
            reason=state.error_message,
            kind=state.error_kind,
            cause=state.error_cause,
            next_try=state.next_retry_at,
        )


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
        "reason": story.reason or "unknown reason",
        "since": humanize.local(since),
        "rule": rule.name,
        "level": rule.level,
    }
    text = messages.fill(rule.message or _usual(rule, story), values)
    return f"{text}{messages.needed_by(story.needed_by)}"[:SUMMARY_LIMIT]


def _usual(rule: AlertRule, story: Story) -> str:
    """As USUAL has it, but what only lacks a sign-in is not told as an outage."""
    usual = USUAL[rule.condition]
    return messages.SIGN_IN_MESSAGE if usual == messages.DEFAULT_MESSAGE and story.sign_in else usual


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


def story_now(row: Episode) -> Story:
    """As the service is by its row."""
    state = state_row(row.service) if row.service else None
    return Story.of(state) if state else Story(state="failing", reason="")


def beginning_of(row: Episode, story: Story, fired_at: datetime) -> dict[str, Any]:
    """What a message says that it fires."""
    return {
        **_common(row, story),
        "message": row.summary,
        "fired_at": stamp(fired_at),
        "dependents": list(story.needed_by[:DEPENDENTS_NAMED]),
        "dependents_count": len(story.needed_by),
        "next_try": stamp(story.next_try) if story.next_try else None,
        "response": row.response,
        **_helps(row, story),
    }


def _helps(row: Episode, story: Story) -> dict[str, Any]:
    """The likely cause and what a person can do, as the service's page has them."""
    if story.state not in STATES or row.rule.condition == TOOLS_CHANGED:
        return {"cause": "", "advice": []}
    cause, advice = _diagnosed(story.state, story.kind, story.cause, get_language())
    return {"cause": cause, "advice": list(advice)}


@lru_cache(maxsize=256)
def _diagnosed(state: str, kind: str, cause: str, language: str | None) -> tuple[str, tuple[str, ...]]:
    """Of a storm all have the same."""
    known = Kind(kind) if kind in list(Kind) else None
    exactly = Cause(cause) if cause in list(Cause) else None
    told = diagnose(Facts(state=State(state), kind=known, exactly=exactly))
    return told.cause, tuple(told.todo) if known else ()


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
                row, list(mine), Notice.RESOLVED, _end_of(row, story, row.resolved_at or now), now, pace, mine
            )
    Delivery.objects.bulk_create(rows)


def _end_of(row: Episode, story: Story, now: datetime) -> dict[str, Any]:
    end = messages.End(
        service=row.service.name if row.service else None,
        state=story.state,
        rule=row.rule.name,
        ending=Ending(row.ending),
        by=row.ended_by,
        lasted=now - row.opened_at,
        measured=row.rule.condition in MEASURED,
    )
    return {
        **_common(row, story),
        "message": messages.ended(end),
        "ending": row.ending,
        "ended_by": row.ended_by,
        "resolved_at": stamp(now),
        "lasted_s": round(end.lasted.total_seconds(), 3),
    }


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
    data = {
        "episode": None,
        "rule": "Test",
        "level": "INFO",
        "service": "example",
        "state": "HEALTHY",
        "reason": f"sent by {by} to try this channel",
        "since": stamp(now),
        "url": f"{settings.PUBLIC_URL}/alerts/channels/",
        "message": f"Test message for the channel {channel.name}, sent by {by}. No action is needed.",
    }
    return Delivery.objects.create(
        channel=channel,
        kind=Delivery.Kind.TEST,
        payload={"type": "alert.test", "timestamp": stamp(now), "data": data},
        created_at=now,
        next_attempt_at=now,
        expires_at=now + TEST_KEPT_TRYING,
    )
