"""The row side of an escalation: when it begins, what is called off, and what a silence takes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from lifecycle.alerts.rules import steps
from lifecycle.core.alerting import escalation
from lifecycle.models import AlertRule, Channel, Delivery, Episode

State, Kind = Delivery.State, Delivery.Kind
CALLED_OFF = "not sent: the alert no longer fires, or someone acknowledged it"
WAITING = Q(state=State.QUEUED, group=None, attempts=0)
"""Nobody has tried to send it, nor will in this moment."""


def begin(rows: Sequence[Episode], now: datetime) -> None:
    """Their beginnings are told, or would be if nothing kept them silent: from here the first wait counts."""
    begun: defaultdict[int, list[Episode]] = defaultdict(list)
    for row in rows:
        if row.rule.steps and row.state == Episode.State.FIRING and not row.escalated:
            begun[row.rule_id].append(row)
    for mine in begun.values():
        turn = escalation.following(steps.of(mine[0].rule), 0, _on(mine[0]))
        fields = {"escalated_at": now, "escalates_at": now + turn.wait if turn else None}
        firing = Episode.objects.filter(pk__in=[row.pk for row in mine], state=Episode.State.FIRING)
        firing.update(**fields)
        for row in mine:
            row.escalated_at, row.escalates_at = fields["escalated_at"], fields["escalates_at"]


def _on(row: Episode) -> set[int]:
    named = steps.named(steps.of(row.rule))
    return {number for number, channel in named.items() if channel.enabled}


def working(row: Episode) -> set[int]:
    """The channels of its rule's steps by which it can be told: on, and not having failed for good."""
    dead = Delivery.objects.filter(episode=row, kind=Kind.FIRING, state=State.DEAD)
    return _on(row) - set(dead.values_list("channel", flat=True))


def reschedule(row: Episode, rule: AlertRule) -> None:
    """The *rule* may have other steps now: those that are left come by the new waits."""
    if not rule.steps and row.escalates_at is None:
        return
    row.rule = rule
    turn = escalation.following(steps.of(row.rule), row.escalated, working(row))
    since = row.escalated_at or row.fired_at or row.opened_at
    row.escalated_at, row.escalates_at = since, since + turn.wait if turn else None
    _write(row)


def _write(row: Episode) -> None:
    fields = {
        "escalated": row.escalated,
        "escalated_at": row.escalated_at,
        "escalates_at": row.escalates_at,
    }
    Episode.objects.filter(pk=row.pk, state=Episode.State.FIRING).update(**fields)


def call_off(episodes: Collection[int]) -> int:
    """Somebody has taken them on, or they are over: what waits for others is not sent. How many messages."""
    waiting = Delivery.objects.filter(WAITING, of_turns(), episode__in=episodes)
    return waiting.update(state=State.SUPERSEDED, answer=CALLED_OFF)


def of_turns() -> Q:
    """Reminders, and what an escalation tells."""
    return Q(kind=Kind.REMINDER) | Q(kind=Kind.FIRING, turn__gt=0)


def take_back(row: Episode, turns: set[int], now: datetime) -> None:
    """A silence took these turns' messages back before they left: they are taken again when it is over."""
    taken = [turn for turn in turns if 0 < turn <= row.escalated]
    if not taken or row.state != Episode.State.FIRING:
        return
    plan, first = escalation.turns(steps.of(row.rule)), min(taken)
    wait = plan[first - 1].wait if first <= len(plan) else None
    row.escalated, row.escalates_at = first - 1, now
    row.escalated_at = now - wait if wait is not None else row.escalated_at
    _write(row)


def heard(row: Episode) -> bool:
    """Whether its last turn, or the rule's own channels, may reach somebody."""
    told = Delivery.objects.filter(episode=row, turn=row.escalated, channel__enabled=True)
    if told.exclude(state=State.DEAD).exists():
        return True
    return not row.escalated and not row.rule.channels.exists()


def untold(row: Episode) -> bool:
    """Whether a channel of the rule itself has yet to be told, which comes first."""
    if row.escalated:
        return False
    told = Delivery.objects.filter(episode=row, kind=Kind.FIRING).values("channel")
    return Channel.objects.filter(rules=row.rule_id, enabled=True).exclude(pk__in=told).exists()


def telling_both(end: dict[str, Any], beginning: Delivery) -> dict[str, Any]:
    """The payload of an end that tells its beginning too, since that may never have been received."""
    began, data = beginning.payload["data"], end["data"]
    told = {name: began.get(name) for name in ("message", "since", "fired_at", "state", "reason")}
    message = f"{data.get('message', '')} (it was not reported before: {began.get('message', '')})"
    return end | {"data": data | {"began": told, "message": message}}
