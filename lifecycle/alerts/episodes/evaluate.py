"""Open, fire and resolve episodes: with each transition, in its transaction, and each second by time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import connection
from django.db.models import Q

from lifecycle.alerts.actions import response
from lifecycle.alerts.episodes import levels, measured, step
from lifecycle.alerts.episodes.changes import Seen, Watch
from lifecycle.alerts.episodes.folding import Folding
from lifecycle.alerts.episodes.levels import AT_ONCE, OTHERWISE, TOOLS_CHANGED, Cases
from lifecycle.alerts.episodes.moves import Move
from lifecycle.alerts.episodes.step import Case
from lifecycle.alerts.episodes.subjects import follow as beside
from lifecycle.alerts.episodes.subjects import mass_failure
from lifecycle.alerts.explain.noise import mailing
from lifecycle.alerts.outbox import late_channels, reminders
from lifecycle.alerts.outbox.content.story import Story
from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.outbox.escalation import turns
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.windows import follow
from lifecycle.core.alerting.evaluate import MEASURED, Ending, Phase, Situation
from lifecycle.core.machine.states import SERVING
from lifecycle.models import AlertRule, Episode
from registry.core.contract import compare
from registry.models import Service

SWEEP_EVERY = timedelta(seconds=5)
ANY_DUE = (
    f"SELECT 1 FROM {Episode._meta.db_table} WHERE state = '{Phase.PENDING.value}' AND due_at <= %s"  # noqa: S608
    f" UNION ALL SELECT 1 FROM {Episode._meta.db_table}"
    f" WHERE state = '{Phase.FIRING.value}' AND escalates_at <= %s LIMIT 1"
)
_swept_at: datetime | None = None
_watch = Watch()


def on_change(told: Iterable[Move]) -> None:
    """Fold transitions of different services into their episodes, in the transaction that writes them.

    Without enabled rules this costs one small query, and with them a few for all together.
    """
    rules = list(AlertRule.objects.filter(enabled=True).exclude(condition__in=OTHERWISE))
    if not rules:
        return
    moves = list(told)
    scopes, folding = rule_values.Scopes(), Folding()
    looked_at = [(move, rule) for move in moves for rule in rules if scopes.cover(rule, move.row.service)]
    if not looked_at:
        return
    services = {move.row.service_id for move, _ in looked_at}
    found = Episode.objects.filter(service__in=services, rule__in=rules).exclude(state=Phase.RESOLVED.value)
    open_now = {(row.rule_id, row.service_id): row for row in found}
    here = {
        move.row.service_id: _situation(move, folding) for move in moves if move.row.service_id in services
    }
    step.move(
        [
            Case(
                rule=rule,
                service=move.row.service,
                row=open_now.get((rule.pk, move.row.service_id)),
                here=here[move.row.service_id],
                story=partial(_story_of, move),
                now=move.now,
            )
            for move, rule in looked_at
        ]
    )


def _story_of(move: Move) -> Story:
    change = move.change
    return Story(
        state=change.after.value,
        reason=change.fault.message if change.fault else change.reason,
        kind=change.fault.kind if change.fault else "",
        cause=(change.fault.cause or "") if change.fault else "",
        next_try=move.row.next_retry_at,
    )


def on_tools(service_id: int, changes: Sequence[compare.Change], now: datetime) -> None:
    """Tell of changed tools where a rule asks for that; called in the transaction that writes them."""
    rules = list(AlertRule.objects.filter(enabled=True, condition=TOOLS_CHANGED))
    if not rules:
        return
    service = Service.objects.select_related("state_row").get(pk=service_id)
    rules = [rule for rule in rules if rule_values.covers(rule, service)]
    here = replace(
        rule_values.situation_of(service, service.state_row),
        tools_changed=bool(changes),
        tools_broken=any(change.grade is compare.Grade.BREAKING for change in changes),
    )
    found = Episode.objects.filter(service=service, rule__in=rules).exclude(state=Phase.RESOLVED.value)
    open_now = {row.rule_id: row for row in found}
    cases = Cases(now)
    made = [cases.of(rule, service, open_now.get(rule.pk), service.state_row) for rule in rules]
    step.move([replace(case, here=here) for case in made])


def _situation(move: Move, folding: Folding) -> Situation:
    """A stop is asked for before it is carried out, so what is wanted counts as well."""
    row, after = move.row, move.change.after
    if after in SERVING:
        return Situation(state=after, not_serving_since=row.not_serving_since, entered=True)
    return replace(
        rule_values.situation_of(row.service, row),
        entered=True,
        asked=move.change.asked,
        folded=folding.of(row),
    )


def tick(now: datetime) -> int:
    """Fire what has become due and, every few seconds, put right what no transition told; returns firings.

    One part of it: while something fires there may be more to do.
    """
    global _swept_at
    fired = 0
    if _any_due(now):
        due = Q(state=Phase.PENDING.value, due_at__lte=now) & ~Q(rule__condition__in=MEASURED)
        fired = levels.review(Episode.objects.filter(due).order_by("due_at"), now)[1]
        turns.escalate(now, AT_ONCE)
    if _swept_at is None or not timedelta(0) <= now - _swept_at < SWEEP_EVERY:
        _swept_at = now
        fired += _sweep(now, _watch.look(now))
        if _watch.unfinished or measured.unfinished():
            _swept_at = None  # the next second goes on
    elif reminders.soon(now):
        reminders.remind(now, AT_ONCE)
    return fired


def _any_due(now: datetime) -> bool:
    """Whether the time of any episode has come; nearly always none, and Django's own way costs ten times."""
    with connection.cursor() as cursor:
        cursor.execute(ANY_DUE, [connection.ops.adapt_datetimefield_value(now)] * 2)
        return cursor.fetchone() is not None


def sweep(now: datetime) -> int:
    """Look at all levels instead of transitions: rules and services may have changed without one."""
    return _sweep(now, Seen())


def _sweep(now: datetime, seen: Seen) -> int:
    follow.follow(now)
    mailing.now_and_then(now)
    fired, done = levels.look(now, seen.services)
    late = late_channels.catch_up(now, AT_ONCE) if seen.telling else 0
    reminders.remind(now, AT_ONCE)
    turns.skip_unheard(now, AT_ONCE)
    response.report(now, AT_ONCE)
    if late or not done:
        _watch.again(Seen(None if not done else frozenset(), telling=bool(late)))
    return fired + measured.now_and_then(now) + beside.now_and_then(now)


def forget() -> None:
    """Look at everything the next time, as a new process does."""
    global _swept_at
    _swept_at = None
    _watch.forget()
    measured.forget()
    beside.forget()


def reconsider(rule: AlertRule, now: datetime, by: str = "") -> None:
    """Apply a rule that somebody changed to all its open episodes at once."""
    live = rule.episodes.exclude(state=Phase.RESOLVED.value).order_by("pk")
    levels.review(live, now, at_once=None, by=by)
    mass_failure.reconsider(rule, now, by)
    beside.reconsider(rule, now, by)
    for row in rule.episodes.filter(state=Phase.FIRING.value):
        escalation.reschedule(row, rule)
    unfold(now)


def retire(rule: AlertRule, now: datetime, by: str = "") -> None:
    """End all that is open of a rule that is about to be deleted; who was told of it hears so."""
    rows = rule.episodes.exclude(state=Phase.RESOLVED.value).exclude(service=None)
    levels.drop(list(rows.select_related("rule", "service__state_row")), now, by, Ending.RULE_DELETED)
    mass_failure.retire(rule, now, by)
    beside.retire(rule, now, by)


def unfold(now: datetime) -> None:
    """Look at all that is folded: no rule may tell of the dependency any more."""
    folded = Episode.objects.filter(state=Phase.PENDING.value, due_at=None).order_by("pk")
    levels.review(folded, now, at_once=None)
