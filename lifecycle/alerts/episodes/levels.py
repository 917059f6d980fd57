"""Open, fire and resolve episodes by what the rows say now, whatever brought them there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lifecycle.alerts.episodes import step
from lifecycle.alerts.episodes.folding import Folding
from lifecycle.alerts.episodes.step import Case, Step
from lifecycle.alerts.outbox.content.story import Story
from lifecycle.alerts.rules import changed_tools, measures
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate, subjects
from lifecycle.core.alerting.evaluate import Ending, Phase
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Episode, ServiceState, StateChange
from registry.models import Desired, Service

AT_ONCE = 100
"""So many alerts are one transaction: others who want to write wait no longer than that takes."""
TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED
OTHERWISE = (TOOLS_CHANGED, *subjects.BESIDE, *measures.MEASURED)
SIGN_IN = AlertRule.Condition.NEEDS_SIGN_IN
Only = Collection[int] | None
"""Ids of the services to look at; None is all of them."""


def look(now: datetime, only: Only = None) -> tuple[int, bool]:
    """How many fired, and whether that was all there was to do; a storm is worked off in parts."""
    part = Q() if only is None else Q(service__in=only) | Q(clears_at__lte=now)
    seen, fired = review(Episode.objects.filter(_settled(now), part).order_by("pk"), now)
    opened, more = _open_missing(now, only)
    return fired + more, max(seen, opened) < AT_ONCE


def _settled(now: datetime) -> Q:
    """Open episodes that no longer hold as they are."""
    lacking = ServiceState.objects.filter(rule_values.LACKS_SIGN_IN, service=OuterRef("service"))
    healthy, lasting = Q(service__state_row__state=State.HEALTHY.value), Q(clears_at=None)
    return ~Q(state=Phase.RESOLVED.value) & (
        Q(rule__enabled=False)
        | (Q(clears_at__lte=now) & ~Q(rule__condition__in=measures.MEASURED))
        | Q(service__removed_at__isnull=False)
        | Q(service__archived_at__isnull=False)
        | (~Q(rule__condition=TOOLS_CHANGED) & Q(service__desired=Desired.STOPPED))
        | (~Q(rule__condition__in=(TOOLS_CHANGED, *measures.MEASURED)) & healthy & lasting)
        | (~Q(rule__condition__in=(*OTHERWISE, SIGN_IN)) & Exists(lacking) & lasting)
        | Q(state=Phase.PENDING.value, due_at=None, service__state_row__held_by="")
    )


def review(
    found: QuerySet[Episode], now: datetime, at_once: int | None = AT_ONCE, by: str = ""
) -> tuple[int, int]:
    """Step each episode by what its rows say now, in one transaction; how many were looked at, and fired."""
    ids = list(found.exclude(service=None).values_list("pk", flat=True)[:at_once])
    if not ids:
        return 0, 0
    with transaction.atomic():
        batch = Episode.objects.filter(pk__in=ids).order_by("pk").select_related("service__state_row")
        episodes = list(batch.prefetch_related("rule__channels"))
        scopes, cases = rule_values.Scopes(), Cases(now)
        told = {row.pk for row in episodes if _still_told(row, scopes)}
        drop([row for row in episodes if row.pk not in told], now, by)
        return len(ids), step.move([cases.of_row(row) for row in episodes if row.pk in told])


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


class Cases:
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


def drop(rows: Sequence[Episode], now: datetime, by: str, ending: Ending | None = None) -> None:
    """Their rules no longer look at these services."""
    cases, steps = Cases(now), []
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


def _open_missing(now: datetime, only: Only) -> tuple[int, int]:
    """Episodes for services that were down, or lacked a sign-in, before their rule was there."""
    seen = fired = 0
    scopes, cases = rule_values.Scopes(), Cases(now)
    rules = AlertRule.objects.filter(
        enabled=True, condition__in=[AlertRule.Condition.NOT_SERVING_FOR, SIGN_IN]
    )
    for rule in rules if only is None or only else ():
        known = Episode.objects.filter(rule=rule, service=OuterRef("service_id"))
        missing = (
            ServiceState.objects.filter(not_serving_since__isnull=False)
            .filter(Q() if only is None else Q(service__in=only))
            .filter(rule_values.LACKS_SIGN_IN if rule.condition == SIGN_IN else ~rule_values.LACKS_SIGN_IN)
            .filter(service__removed_at=None, service__archived_at=None)
            .exclude(service__desired=Desired.STOPPED)
            .filter(~Exists(known.exclude(state=Phase.RESOLVED.value)))
            .values_list("service", "service__name", "service__tags", "service__profile")
        )
        keys = [key for key, *about in missing if scopes.covers(rule, *about)][:AT_ONCE]
        if keys:
            with transaction.atomic():
                states = ServiceState.objects.filter(service__in=keys).select_related("service")
                fired += step.move([cases.of(rule, state.service, None, state) for state in states])
        seen = max(seen, len(keys))
    return seen, fired
