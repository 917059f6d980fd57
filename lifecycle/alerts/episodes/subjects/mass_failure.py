"""Episodes of a mass failure: one for each rule that asks for it, of all services together."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max, Q

from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.alerts.outbox.content.story import Story, firing_text
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import messages
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import AlertRule, Episode, MassFailure

State = Episode.State
FLEET = Subject(kind=Kind.FLEET)
OF_ALL = Q(subject_kind=Kind.FLEET)


def reconsider(rule: AlertRule, now: datetime, by: str) -> None:
    """A rule was changed, or switched off: then its episode is over."""
    if not rule.enabled or rule.condition != AlertRule.Condition.MASS_FAILURE:
        _end_all(rule, _of_change(rule), now, by)


def retire(rule: AlertRule, now: datetime, by: str) -> None:
    """A rule is about to be deleted."""
    _end_all(rule, Episode.Ending.RULE_DELETED, now, by)


def _end_all(rule: AlertRule, ending: Episode.Ending, now: datetime, by: str) -> None:
    mass = MassFailure.objects.filter(open=True).first()
    for row in rule.episodes.filter(OF_ALL).exclude(state=State.RESOLVED):
        _end(row, mass, ending, now, by)


def _of_change(rule: AlertRule) -> Episode.Ending:
    return Episode.Ending.RULE_CHANGED if rule.enabled else Episode.Ending.RULE_OFF


def follow(mass: MassFailure | None, now: datetime) -> None:
    """Bring the episodes to what is: *mass* under way, or none. Call it in a transaction."""
    rules = {
        rule.pk: rule
        for rule in AlertRule.objects.filter(enabled=True, condition=AlertRule.Condition.MASS_FAILURE)
    }
    told = set()
    for row in Episode.objects.filter(OF_ALL).exclude(state=State.RESOLVED).select_related("rule"):
        if row.rule_id not in rules:
            _end(row, mass, _of_change(row.rule), now)
        elif mass is None or row.opened_at != mass.began_at:
            _end(row, mass, Episode.Ending.RECOVERED, now)
        else:
            told.add(row.rule_id)
    for rule in rules.values():
        if mass is not None and rule.pk not in told and _may_fire(rule, mass, now):
            _begin(rule, mass, now)


def _may_fire(rule: AlertRule, mass: MassFailure, now: datetime) -> bool:
    """Not twice of the same, and not within the cooldown of the one before."""
    earlier = Episode.objects.filter(OF_ALL, rule=rule)
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
        subject_kind=FLEET.kind,
        state=State.FIRING,
        opened_at=mass.began_at,
        due_at=mass.began_at,
        fired_at=now,
        summary=firing_text(rule, FLEET.words, mass.began_at, story),
    )
    outbox_write.queue_firing([(row, story)], now)
    rule_values.note(row, now)


def _end(row: Episode, mass: MassFailure | None, ending: Episode.Ending, now: datetime, by: str = "") -> None:
    open_now = Episode.objects.filter(pk=row.pk).exclude(state=State.RESOLVED)
    if not open_now.update(state=State.RESOLVED, ending=ending, ended_by=by[:150], resolved_at=now):
        return
    row.ending, row.ended_by = ending, by[:150]
    if row.rule.notify_recovery:
        story = _story(mass if ending != Episode.Ending.RECOVERED else None)
        outbox_write.queue_resolved([(row, story)], now)
    rule_values.note(row, now)
