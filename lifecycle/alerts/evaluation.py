"""Moves episodes: with each transition, in its transaction, and each second for what time alone does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lifecycle.alerts import outbox, rows
from lifecycle.alerts.outbox import Story
from lifecycle.core import alerting
from lifecycle.core.alerting import Ending, Notice, Phase, Situation
from lifecycle.core.machine import Change
from lifecycle.core.states import SERVING
from lifecycle.models import AlertRule, Episode, ServiceState, StateChange
from registry.models import Desired, Service

BATCH = 100
SWEEP_EVERY = timedelta(seconds=5)
_swept_at: datetime | None = None


def on_change(service: Service, state_row: ServiceState, change: Change, now: datetime) -> None:
    """Fold one transition into the episodes of *service*; called in the transaction that writes it.

    *state_row* is as just written. Without enabled rules this costs one small query.
    """
    rules = [rule for rule in AlertRule.objects.filter(enabled=True) if rows.covers(rule, service)]
    if not rules:
        return
    here = _situation(service, state_row, change)
    story = Story(state=change.after.value, reason=change.fault.message if change.fault else change.reason)
    found = Episode.objects.filter(service=service, rule__in=rules).exclude(state=Phase.RESOLVED.value)
    open_now = {row.rule_id: row for row in found}
    for rule in rules:
        _move(rule, service, open_now.get(rule.pk), here, story, now)


def _situation(service: Service, state_row: ServiceState, change: Change) -> Situation:
    """A stop is asked for before it is carried out, so what is wanted is read anew where it matters."""
    here = Situation(state=change.after, not_serving_since=state_row.not_serving_since, entered=True)
    if change.after in SERVING:
        return here
    desired, removed_at = Service.objects.values_list("desired", "removed_at").get(pk=service.pk)
    return replace(here, stopped=desired == Desired.STOPPED, removed=removed_at is not None)


def _move(
    rule_row: AlertRule, service: Service, row: Episode | None, here: Situation, story: Story, now: datetime
) -> Notice | None:
    """One step of one episode, written; None too when somebody else was first."""
    rule = rows.rule_of(rule_row)
    if row is None and not alerting.opens(rule, here):
        return None
    waiting = row is None or row.state == Phase.PENDING
    last = rows.last_fired(rule_row, service) if waiting else None
    before = rows.episode_of(row) if row else None
    after, notice = alerting.step(rule, before, last, here, now)
    return _write(rule_row, service, row, before, after, notice, story, now)


def _write(
    rule: AlertRule,
    service: Service,
    row: Episode | None,
    before: alerting.Episode | None,
    after: alerting.Episode | None,
    notice: Notice | None,
    story: Story,
    now: datetime,
) -> Notice | None:
    if after is None or after == before:
        return None
    if row is None:
        row = _open(rule, service, after)
        if row is None:
            return None
    elif not rows.advance(row, after, now):
        return None
    row.rule, row.service = rule, service
    if notice is Notice.FIRING:
        outbox.queue_firing(row, story, now)
    elif notice is Notice.RESOLVED:
        outbox.queue_resolved(row, story, now)
    rows.note(row, now)
    return notice


def _open(rule: AlertRule, service: Service, after: alerting.Episode) -> Episode | None:
    """None when another worker opened it in this moment: one is enough, and the caller's work must stand."""
    try:
        with transaction.atomic():
            return rows.open_episode(rule, service, after)
    except IntegrityError:
        return None


def tick(now: datetime) -> int:
    """Fire what has become due and, every few seconds, put right what no transition told; returns firings."""
    global _swept_at
    fired = _fire_due(now)
    if _swept_at is None or not timedelta(0) <= now - _swept_at < SWEEP_EVERY:
        _swept_at = now
        fired += sweep(now)
    return fired


def _fire_due(now: datetime) -> int:
    return _review(Episode.objects.filter(state=Phase.PENDING.value, due_at__lte=now), now)


def sweep(now: datetime) -> int:
    """Look at levels instead of transitions: rules and services may have changed without one."""
    done_for = Episode.objects.exclude(state=Phase.RESOLVED.value).filter(
        Q(rule__enabled=False)
        | Q(service__desired=Desired.STOPPED)
        | Q(service__removed_at__isnull=False)
        | Q(service__state_row__state__in=list(SERVING))
    )
    return _review(done_for, now) + _open_missing(now)


def reconsider(rule: AlertRule, now: datetime) -> int:
    """Apply a changed rule to its open episodes at once."""
    return _review(rule.episodes.exclude(state=Phase.RESOLVED.value), now)


def _review(found: QuerySet[Episode], now: datetime) -> int:
    """Step each episode by what its rows say now, in short transactions."""
    ids = list(found.values_list("pk", flat=True))
    fired = 0
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            batch = Episode.objects.filter(pk__in=ids[start : start + BATCH]).order_by("pk")
            for row in batch.select_related("rule", "service__state_row"):
                fired += _review_one(row, now) is Notice.FIRING
    return fired


def _review_one(row: Episode, now: datetime) -> Notice | None:
    rule, service = row.rule, row.service
    if not rule.enabled or not rows.covers(rule, service):
        before = rows.episode_of(row)
        after, notice = alerting.end(rows.rule_of(rule), before, Ending.RULE_CHANGED)
        return _write(rule, service, row, before, after, notice, Story(state="", reason=""), now)
    here = rows.situation_of(service, service.state_row)
    return _move(rule, service, row, here, _story(service.state_row), now)


def _story(state: ServiceState) -> Story:
    reason = state.error_message
    if not reason:
        last = StateChange.objects.filter(service=state.service_id).order_by("-id").first()
        reason = last.reason if last else ""
    return Story(state=state.state, reason=reason)


def _open_missing(now: datetime) -> int:
    """Episodes for services that were down before their rule was there."""
    fired = 0
    for rule in AlertRule.objects.filter(enabled=True, condition=AlertRule.Condition.NOT_SERVING_FOR):
        known = Episode.objects.filter(rule=rule, service=OuterRef("service_id")).exclude(
            state=Phase.RESOLVED.value
        )
        missing = (
            ServiceState.objects.filter(not_serving_since__isnull=False, service__removed_at=None)
            .exclude(service__desired=Desired.STOPPED)
            .filter(~Exists(known))
            .select_related("service")
        )
        states = [state for state in missing if rows.covers(rule, state.service)]
        for start in range(0, len(states), BATCH):
            with transaction.atomic():
                for state in states[start : start + BATCH]:
                    here = rows.situation_of(state.service, state)
                    fired += _move(rule, state.service, None, here, _story(state), now) is Notice.FIRING
    return fired
