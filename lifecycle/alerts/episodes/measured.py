"""Open, fire and resolve what is measured over time: every half minute, for all services together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from lifecycle.alerts.episodes import step
from lifecycle.alerts.episodes.step import Case
from lifecycle.alerts.outbox.write import Story
from lifecycle.alerts.rules import measures
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.rules.measures import Found
from lifecycle.models import AlertRule, Episode
from registry.models import Service

EVERY = timedelta(seconds=30)
WORDS = {
    AlertRule.Condition.FLAPPING: "flapping",
    AlertRule.Condition.UNUSUALLY_SLOW: "unusually slow",
    AlertRule.Condition.BUDGET_BURN: "burning its budget",
    AlertRule.Condition.METRIC: "beyond its threshold",
}
"""What takes the place of the state in messages."""
_looked_at: datetime | None = None


def now_and_then(now: datetime) -> int:
    """Look if it is time; one query where no rule measures anything."""
    global _looked_at
    if _looked_at is not None and timedelta(0) <= now - _looked_at < EVERY:
        return 0
    _looked_at = now
    return follow(now)


def follow(now: datetime) -> int:
    """Bring the episodes to what is measured now; returns how many fired."""
    fired = 0
    for rule in AlertRule.objects.filter(enabled=True, condition__in=measures.MEASURED):
        found = measures.look(rule, now)
        live = rule.episodes.exclude(state=Episode.State.RESOLVED).filter(service__isnull=False)
        open_now = {row.service_id: row for row in live}
        wanted = {*found.true, *(key for key in open_now if key is not None)}
        services = Service.objects.filter(pk__in=wanted).select_related("state_row")
        cases = [_case(rule, service, open_now.get(service.pk), found, now) for service in services]
        cases = [case for case in cases if case.row or rule_values.covers(rule, case.service)]
        if cases:
            with transaction.atomic():
                fired += step.move(cases)
    return fired


def _case(rule: AlertRule, service: Service, row: Episode | None, found: Found, now: datetime) -> Case:
    here = replace(rule_values.situation_of(service, service.state_row), measured=found.of(service.pk))
    reason = found.true.get(service.pk, "")
    story = partial(Story, state=WORDS[AlertRule.Condition(rule.condition)], reason=reason)
    return Case(rule=rule, service=service, row=row, here=here, story=story, now=now)
