"""Moves episodes: with each transition, in its transaction, and each second for what time alone does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lifecycle.alerts import folding, outbox, rows, toolnews
from lifecycle.alerts.outbox import Story
from lifecycle.core import alerting
from lifecycle.core.alerting import Ending, Notice, Phase, Situation
from lifecycle.core.machine import Change
from lifecycle.core.states import SERVING, State
from lifecycle.diagnosis import needs_sign_in
from lifecycle.models import AlertRule, Episode, ServiceState, StateChange
from registry import dependencies
from registry.core import contract
from registry.models import Desired, Service

# A tick runs in the worker's one writing thread: a storm is worked off in parts, and the rest waits a second.
AT_ONCE = 50
SWEEP_EVERY = timedelta(seconds=5)
TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED
OTHERWISE = (TOOLS_CHANGED, AlertRule.Condition.MASS_FAILURE)
_swept_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One rule and one service at one moment, with their open episode if there is one."""

    rule: AlertRule
    service: Service
    row: Episode | None
    here: Situation
    story: Callable[[], Story]
    now: datetime


def on_change(service: Service, state_row: ServiceState, change: Change, now: datetime) -> None:
    """Fold one transition into the episodes of *service*; called in the transaction that writes it.

    *state_row* is as just written. Without enabled rules this costs one small query.
    """
    enabled = AlertRule.objects.filter(enabled=True).exclude(condition__in=OTHERWISE)
    rules = [rule for rule in enabled if rows.covers(rule, service)]
    if not rules:
        return
    here = _situation(service, state_row, change)
    reason = change.fault.message if change.fault else change.reason
    found = Episode.objects.filter(service=service, rule__in=rules).exclude(state=Phase.RESOLVED.value)
    open_now = {row.rule_id: row for row in found}

    def story() -> Story:
        kind = change.fault.kind if change.fault else ""
        return Story(state=change.after.value, reason=reason, sign_in=needs_sign_in(change.after, kind))

    _move(
        [
            Case(rule=rule, service=service, row=open_now.get(rule.pk), here=here, story=story, now=now)
            for rule in rules
        ]
    )


def on_tools(service_id: int, changes: Sequence[contract.Change], now: datetime) -> None:
    """Tell of changed tools where a rule asks for that; called in the transaction that writes them."""
    rules = list(AlertRule.objects.filter(enabled=True, condition=TOOLS_CHANGED))
    if not rules:
        return
    service = Service.objects.select_related("state_row").get(pk=service_id)
    rules = [rule for rule in rules if rows.covers(rule, service)]
    here = replace(
        rows.situation_of(service, service.state_row),
        tools_changed=bool(changes),
        tools_broken=any(change.grade is contract.Grade.BREAKING for change in changes),
    )
    found = Episode.objects.filter(service=service, rule__in=rules).exclude(state=Phase.RESOLVED.value)
    open_now = {row.rule_id: row for row in found}
    cases = [_case(rule, service, open_now.get(rule.pk), service.state_row, now) for rule in rules]
    _move([replace(case, here=here) for case in cases])


def _situation(service: Service, state_row: ServiceState, change: Change) -> Situation:
    """A stop is asked for before it is carried out, so what is wanted is read anew where it matters."""
    here = Situation(state=change.after, not_serving_since=state_row.not_serving_since, entered=True)
    if change.after in SERVING:
        return here
    fresh = Service.objects.only("desired", "removed_at", "archived_at").get(pk=service.pk)
    return replace(
        here,
        stopped=fresh.desired == Desired.STOPPED,
        removed=not fresh.is_listed,
        folded=folding.folded(state_row),
    )


def _move(cases: Sequence[Case]) -> int:
    """One step of each case, written; how many fired."""
    cases = [case for case in cases if case.row or alerting.opens(rows.rule_of(case.rule), case.here)]
    waiting = [case for case in cases if case.row is None or case.row.state == Phase.PENDING]
    last = _last_fired(waiting)
    fired = 0
    for case in cases:
        before = rows.episode_of(case.row) if case.row else None
        earlier = last.get((case.rule.pk, case.service.pk))
        after, notice = alerting.step(rows.rule_of(case.rule), before, earlier, case.here, case.now)
        if after is not None and notice is Notice.FIRING and (until := _doubted_until(case)):
            after, notice = alerting.postpone(after, until)
        fired += _write(case, before, after, notice) is Notice.FIRING
    return fired


def _doubted_until(case: Case) -> datetime | None:
    if case.rule.condition == TOOLS_CHANGED:
        return None
    return folding.doubted_until(case.service, case.here.not_serving_since, case.now)


def _last_fired(cases: Sequence[Case]) -> dict[tuple[int, int], datetime]:
    if not cases:
        return {}
    return rows.last_fired({case.rule.pk for case in cases}, {case.service.pk for case in cases})


def _write(
    case: Case, before: alerting.Episode | None, after: alerting.Episode | None, notice: Notice | None
) -> Notice | None:
    """Bring rows and outbox to *after*; None when nothing moved or somebody else was first."""
    if after is None or after == before:
        return None
    story = case.story() if notice else Story(state="", reason="")
    if notice is Notice.FIRING and not case.here.serving:
        story = replace(story, needed_by=tuple(dependencies.all_needing(case.service)))
    row = _bring(case, after, notice, story)
    if row is None:
        return None
    row.rule, row.service = case.rule, case.service
    if notice is Notice.FIRING:
        outbox.queue_firing(row, story, case.now)
    elif notice is Notice.RESOLVED:
        outbox.queue_resolved(row, story, case.now)
    rows.note(row, case.now)
    return notice


def _bring(case: Case, after: alerting.Episode, notice: Notice | None, story: Story) -> Episode | None:
    text = ""
    if notice is Notice.FIRING:
        text = outbox.firing_text(case.rule, case.service.name, after.opened_at, story)
    if case.row is not None:
        return case.row if rows.advance(case.row, after, text, case.now) else None
    try:
        with transaction.atomic():
            return rows.open_episode(case.rule, case.service, after, text)
    except IntegrityError:
        # Another worker opened it in this moment: one is enough, and the caller's work must stand.
        return None


def tick(now: datetime) -> int:
    """Fire what has become due and, every few seconds, put right what no transition told; returns firings."""
    global _swept_at
    fired = _review(
        Episode.objects.filter(state=Phase.PENDING.value, due_at__lte=now).order_by("due_at"), now
    )
    if _swept_at is None or not timedelta(0) <= now - _swept_at < SWEEP_EVERY:
        _swept_at = now
        fired += sweep(now)
    return fired


def sweep(now: datetime) -> int:
    """Look at levels instead of transitions: rules and services may have changed without one."""
    done_for = Episode.objects.exclude(state=Phase.RESOLVED.value).filter(
        Q(rule__enabled=False)
        | Q(service__removed_at__isnull=False)
        | Q(service__archived_at__isnull=False)
        | (
            ~Q(rule__condition=TOOLS_CHANGED)
            & (Q(service__desired=Desired.STOPPED) | Q(service__state_row__state=State.HEALTHY.value))
        )
        | Q(state=Phase.PENDING.value, due_at=None, service__state_row__held_by="")
    )
    return _review(done_for.order_by("pk"), now) + _open_missing(now)


def reconsider(rule: AlertRule, now: datetime) -> None:
    """Apply a changed rule to all its open episodes at once; `massnews` follows its own by itself."""
    _review(rule.episodes.exclude(state=Phase.RESOLVED.value).order_by("pk"), now, at_once=None)
    unfold(now)


def unfold(now: datetime) -> None:
    """Look at all that is folded: no rule may tell of the dependency any more."""
    _review(Episode.objects.filter(state=Phase.PENDING.value, due_at=None).order_by("pk"), now, at_once=None)


def _review(found: QuerySet[Episode], now: datetime, at_once: int | None = AT_ONCE) -> int:
    """Step each episode by what its rows say now, in one transaction that is not too long."""
    ids = list(found.exclude(service=None).values_list("pk", flat=True)[:at_once])
    if not ids:
        return 0
    with transaction.atomic():
        batch = Episode.objects.filter(pk__in=ids).order_by("pk").select_related("service__state_row")
        episodes = list(batch.prefetch_related("rule__channels"))
        kept = [row for row in episodes if _still_told(row)]
        for row in set(episodes) - set(kept):
            _drop(row, now)
        return _move([_case_of(row, now) for row in kept])


def _still_told(row: Episode) -> bool:
    """Whether the rule looks at it; one that had another condition before has no change to tell of."""
    service = _service(row)
    if not row.rule.enabled or not rows.covers(row.rule, service):
        return False
    tools = row.rule.condition == TOOLS_CHANGED
    return not tools or toolnews.changes(row.rule, service.pk, row.opened_at).exists()


def _service(row: Episode) -> Service:
    """The service of an episode that has one: those of all together are followed by `massnews`."""
    assert row.service is not None
    return row.service


def _case_of(row: Episode, now: datetime) -> Case:
    service = _service(row)
    return _case(row.rule, service, row, service.state_row, now)


def _case(rule: AlertRule, service: Service, row: Episode | None, state: ServiceState, now: datetime) -> Case:
    here = replace(rows.situation_of(service, state), folded=folding.folded(state))
    since = row.opened_at if row else now

    def story() -> Story:
        return toolnews.story(rule, state, since) if rule.condition == TOOLS_CHANGED else _story(state)

    return Case(rule=rule, service=service, row=row, here=here, story=story, now=now)


def _drop(row: Episode, now: datetime) -> None:
    """The rule no longer looks at this service."""
    before = rows.episode_of(row)
    case = _case_of(row, now)
    _write(case, before, *alerting.end(rows.rule_of(row.rule), before, Ending.RULE_CHANGED))


def _story(state: ServiceState) -> Story:
    reason = state.error_message
    if not reason:
        last = StateChange.objects.filter(service=state.service_id).order_by("-id").first()
        reason = last.reason if last else ""
    sign_in = needs_sign_in(State(state.state), state.error_kind)
    return Story(state=state.state, reason=reason, sign_in=sign_in)


def _open_missing(now: datetime) -> int:
    """Episodes for services that were down before their rule was there."""
    fired = 0
    for rule in AlertRule.objects.filter(enabled=True, condition=AlertRule.Condition.NOT_SERVING_FOR):
        known = Episode.objects.filter(rule=rule, service=OuterRef("service_id"))
        missing = (
            ServiceState.objects.filter(not_serving_since__isnull=False)
            .filter(service__removed_at=None, service__archived_at=None)
            .exclude(service__desired=Desired.STOPPED)
            .filter(~Exists(known.exclude(state=Phase.RESOLVED.value)))
            .select_related("service")
        )
        states = [state for state in missing if rows.covers(rule, state.service)][:AT_ONCE]
        if states:
            with transaction.atomic():
                fired += _move([_case(rule, state.service, None, state, now) for state in states])
    return fired
