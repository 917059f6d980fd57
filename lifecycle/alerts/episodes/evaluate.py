"""Open, fire and resolve episodes: with each transition, in its transaction, and each second by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lifecycle.alerts.episodes import changed_tools, mass_failure, measured, step
from lifecycle.alerts.episodes.folding import Folding
from lifecycle.alerts.episodes.moves import Move
from lifecycle.alerts.episodes.step import Case, Step
from lifecycle.alerts.explain.noise import mailing
from lifecycle.alerts.outbox import late_channels, reminders
from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.outbox.escalation import turns
from lifecycle.alerts.outbox.write import Story
from lifecycle.alerts.rules import measures
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.windows import follow
from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Ending, Phase, Situation
from lifecycle.core.machine.states import SERVING, State
from lifecycle.models import AlertRule, Episode, ServiceState, StateChange
from registry.core.contract import compare
from registry.models import Desired, Service

# A tick runs in the worker's one writing thread: a storm is worked off in parts, and the rest waits a second.
AT_ONCE = 50
SWEEP_EVERY = timedelta(seconds=5)
TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED
OTHERWISE = (TOOLS_CHANGED, AlertRule.Condition.MASS_FAILURE, *measures.MEASURED)
SIGN_IN = AlertRule.Condition.NEEDS_SIGN_IN
_swept_at: datetime | None = None


def on_change(moves: Sequence[Move]) -> None:
    """Fold transitions of different services into their episodes, in the transaction that writes them.

    Without enabled rules this costs one small query, and with them a few for all together.
    """
    rules = list(AlertRule.objects.filter(enabled=True).exclude(condition__in=OTHERWISE))
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
    cases = _Cases(now)
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
    """Fire what has become due and, every few seconds, put right what no transition told; returns firings."""
    global _swept_at
    due = Q(state=Phase.PENDING.value, due_at__lte=now) & ~Q(rule__condition__in=measures.MEASURED)
    fired = 0
    if Episode.objects.filter(due | Q(state=Phase.FIRING.value, escalates_at__lte=now)).exists():
        fired = _review(Episode.objects.filter(due).order_by("due_at"), now)
        turns.escalate(now, AT_ONCE)
    if _swept_at is None or not timedelta(0) <= now - _swept_at < SWEEP_EVERY:
        _swept_at = now
        fired += sweep(now)
    elif reminders.soon(now):
        reminders.remind(now, AT_ONCE)
    return fired


def sweep(now: datetime) -> int:
    """Look at levels instead of transitions: rules and services may have changed without one."""
    states = ServiceState.objects.filter(service=OuterRef("service"))
    done_for = Episode.objects.exclude(state=Phase.RESOLVED.value).filter(
        Q(rule__enabled=False)
        | Q(clears_at__lte=now)
        | Q(service__removed_at__isnull=False)
        | Q(service__archived_at__isnull=False)
        | (
            ~Q(rule__condition__in=(TOOLS_CHANGED, *measures.MEASURED))
            & (Q(service__desired=Desired.STOPPED) | Q(service__state_row__state=State.HEALTHY.value))
        )
        | (~Q(rule__condition__in=(*OTHERWISE, SIGN_IN)) & Exists(states.filter(rule_values.LACKS_SIGN_IN)))
        | Q(state=Phase.PENDING.value, due_at=None, service__state_row__held_by="")
    )
    follow.follow(now)
    mailing.now_and_then(now)
    fired = _review(done_for.order_by("pk"), now) + _open_missing(now)
    late_channels.catch_up(now, AT_ONCE)
    reminders.remind(now, AT_ONCE)
    turns.skip_unheard(now, AT_ONCE)
    fired += measured.now_and_then(now)
    return fired


def reconsider(rule: AlertRule, now: datetime, by: str = "") -> None:
    """Apply a rule that somebody changed to all its open episodes at once."""
    _review(rule.episodes.exclude(state=Phase.RESOLVED.value).order_by("pk"), now, at_once=None, by=by)
    mass_failure.reconsider(rule, now, by)
    for row in rule.episodes.filter(state=Phase.FIRING.value):
        escalation.reschedule(row, rule)
    unfold(now)


def retire(rule: AlertRule, now: datetime, by: str = "") -> None:
    """End all that is open of a rule that is about to be deleted; who was told of it hears so."""
    rows = rule.episodes.exclude(state=Phase.RESOLVED.value).exclude(service=None)
    _drop(list(rows.select_related("rule", "service__state_row")), now, by, Ending.RULE_DELETED)
    mass_failure.retire(rule, now, by)


def unfold(now: datetime) -> None:
    """Look at all that is folded: no rule may tell of the dependency any more."""
    _review(Episode.objects.filter(state=Phase.PENDING.value, due_at=None).order_by("pk"), now, at_once=None)


def _review(found: QuerySet[Episode], now: datetime, at_once: int | None = AT_ONCE, by: str = "") -> int:
    """Step each episode by what its rows say now, in one transaction that is not too long."""
    ids = list(found.exclude(service=None).values_list("pk", flat=True)[:at_once])
    if not ids:
        return 0
    with transaction.atomic():
        batch = Episode.objects.filter(pk__in=ids).order_by("pk").select_related("service__state_row")
        episodes = list(batch.prefetch_related("rule__channels"))
        scopes, cases = rule_values.Scopes(), _Cases(now)
        told = {row.pk for row in episodes if _still_told(row, scopes)}
        _drop([row for row in episodes if row.pk not in told], now, by)
        return step.move([cases.of_row(row) for row in episodes if row.pk in told])


def _still_told(row: Episode, scopes: rule_values.Scopes) -> bool:
    """Whether the rule looks at it; one that had another condition before has no change to tell of."""
    service = _service(row)
    if not row.rule.enabled or not scopes.cover(row.rule, service):
        return False
    tools = row.rule.condition == TOOLS_CHANGED
    return not tools or changed_tools.changes(row.rule, service.pk, row.opened_at).exists()


def _service(row: Episode) -> Service:
    """The service of an episode that has one: those of all together are followed by `massnews`."""
    assert row.service is not None
    return row.service


class _Cases:
    """The cases of one moment, by what the rows say."""

    def __init__(self, now: datetime) -> None:
        self._now, self._folding = now, Folding()

    def of_row(self, row: Episode) -> Case:
        service = _service(row)
        return self.of(row.rule, service, row, service.state_row)

    def of(self, rule: AlertRule, service: Service, row: Episode | None, state: ServiceState) -> Case:
        here = replace(rule_values.situation_of(service, state), folded=self._folding.of(state))
        since, told = (row.opened_at, row.fired_at) if row else (self._now, None)

        def story() -> Story:
            of_tools = rule.condition == TOOLS_CHANGED and told is None
            return changed_tools.story(rule, state, since) if of_tools else _story(state)

        return Case(rule=rule, service=service, row=row, here=here, story=story, now=self._now)


def _drop(rows: Sequence[Episode], now: datetime, by: str, ending: Ending | None = None) -> None:
    """Their rules no longer look at these services."""
    cases, steps = _Cases(now), []
    for row in rows:
        before = rule_values.episode_of(row)
        why = ending or (Ending.RULE_CHANGED if row.rule.enabled else Ending.RULE_OFF)
        after, notice = evaluate.end(rule_values.rule_of(row.rule), before, why)
        if after != before:
            steps.append(Step(cases.of_row(row), before, after, notice, by))
    step.write(steps)


def _story(state: ServiceState) -> Story:
    story = Story.of(state)
    if story.reason:
        return story
    last = StateChange.objects.filter(service=state.service_id).order_by("-id").first()
    return replace(story, reason=last.reason if last else "")


def _open_missing(now: datetime) -> int:
    """Episodes for services that were down, or lacked a sign-in, before their rule was there."""
    fired, scopes, cases = 0, rule_values.Scopes(), _Cases(now)
    for rule in AlertRule.objects.filter(
        enabled=True, condition__in=[AlertRule.Condition.NOT_SERVING_FOR, SIGN_IN]
    ):
        known = Episode.objects.filter(rule=rule, service=OuterRef("service_id"))
        missing = (
            ServiceState.objects.filter(not_serving_since__isnull=False)
            .filter(rule_values.LACKS_SIGN_IN if rule.condition == SIGN_IN else ~rule_values.LACKS_SIGN_IN)
            .filter(service__removed_at=None, service__archived_at=None)
            .exclude(service__desired=Desired.STOPPED)
            .filter(~Exists(known.exclude(state=Phase.RESOLVED.value)))
            .select_related("service")
        )
        states = [state for state in missing if scopes.cover(rule, state.service)][:AT_ONCE]
        if states:
            with transaction.atomic():
                fired += step.move([cases.of(rule, state.service, None, state) for state in states])
    return fired
