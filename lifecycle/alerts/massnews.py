"""Episodes of a mass failure: one for each rule that asks for it, of all services together."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from lifecycle.alerts import outbox, rows
from lifecycle.alerts.outbox import Story
from lifecycle.core import messages
from lifecycle.models import AlertRule, Episode, MassFailure

State = Episode.State


def follow(mass: MassFailure | None, now: datetime) -> None:
    """Bring the episodes to what is: *mass* under way, or none. Call it in a transaction."""
    rules = {
        rule.pk: rule
        for rule in AlertRule.objects.filter(enabled=True, condition=AlertRule.Condition.MASS_FAILURE)
    }
    told = set()
    for row in Episode.objects.filter(service=None).exclude(state=State.RESOLVED).select_related("rule"):
        if row.rule_id not in rules:
            _end(row, mass, Episode.Ending.RULE_CHANGED, now)
        elif mass is None or row.opened_at != mass.began_at:
            _end(row, mass, Episode.Ending.RECOVERED, now)
        else:
            told.add(row.rule_id)
    for rule in rules.values():
        if mass is not None and rule.pk not in told and _may_fire(rule, mass, now):
            _begin(rule, mass, now)


def _may_fire(rule: AlertRule, mass: MassFailure, now: datetime) -> bool:
    """Not twice of the same, and not within the cooldown of the one before."""
    earlier = Episode.objects.filter(rule=rule, service=None)
    if earlier.filter(opened_at=mass.began_at).exists():
        return False
    last = earlier.aggregate(last=Max("fired_at"))["last"]
    return last is None or last + timedelta(seconds=rule.cooldown_seconds) <= now


def _story(mass: MassFailure | None) -> Story:
    reason = messages.many_fail(mass.failing, mass.total) if mass else ""
    return Story(state="failing" if mass else "serving", reason=reason)


def _begin(rule: AlertRule, mass: MassFailure, now: datetime) -> None:
    story = _story(mass)
    row = Episode.objects.create(
        rule=rule,
        service=None,
        state=State.FIRING,
        opened_at=mass.began_at,
        due_at=mass.began_at,
        fired_at=now,
        summary=outbox.firing_text(rule, messages.MANY, mass.began_at, story),
    )
    outbox.queue_firing(row, story, now)
    rows.note(row, now)


def _end(row: Episode, mass: MassFailure | None, ending: Episode.Ending, now: datetime) -> None:
    open_now = Episode.objects.filter(pk=row.pk).exclude(state=State.RESOLVED)
    if not open_now.update(state=State.RESOLVED, ending=ending, resolved_at=now):
        return
    if ending == Episode.Ending.RECOVERED and row.rule.notify_recovery:
        outbox.queue_resolved(row, _story(None), now)
    rows.note(row, now)
