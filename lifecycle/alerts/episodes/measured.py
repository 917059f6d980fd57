"""Open, fire and resolve what is measured over time: every half minute, for all services together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from lifecycle.alerts.episodes import step
from lifecycle.alerts.episodes.levels import AT_ONCE
from lifecycle.alerts.episodes.step import Case
from lifecycle.alerts.outbox.content.story import WORDS, Story
from lifecycle.alerts.rules import measures
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.rules.measures import Found, Looks
from lifecycle.models import AlertRule, Episode
from registry.models import Service

State = Episode.State
PARTS = 5
EVERY = timedelta(seconds=30)
_looked_at: datetime | None = None


def now_and_then(now: datetime) -> int:
    """Look if it is time; one query where no rule measures anything."""
    global _looked_at
    if _looked_at is not None and timedelta(0) <= now - _looked_at < EVERY:
        return 0
    _looked_at = now
    return follow(now)


def unfinished() -> bool:
    """Whether the last look left something for the next moment."""
    return _looked_at is None


def forget() -> None:
    """Look the next time, whenever that is."""
    global _looked_at
    _looked_at = None


def follow(now: datetime) -> int:
    """Bring the episodes to what is measured now; returns how many fired.

    Of a storm the first PARTS only: the rest is looked at in the next moment.
    """
    rules = list(AlertRule.objects.filter(enabled=True, condition__in=measures.MEASURED))
    if not rules:
        return 0
    todo = _todo(rules, measures.Looks(now), now)
    fired, most = 0, AT_ONCE * PARTS
    for start in range(0, min(len(todo), most), AT_ONCE):
        fired += _step(todo[start : start + AT_ONCE], now)
    if len(todo) > most:
        forget()
    return fired


@dataclass(frozen=True)
class _Todo:
    """A service that a rule looks at, and whose figures, or whose time, have moved."""

    rule: AlertRule
    service: int
    row: Episode | None
    holds: bool | None
    reason: str


def _todo(rules: Sequence[AlertRule], looks: Looks, now: datetime) -> list[_Todo]:
    live = Episode.objects.filter(rule__in=rules, service__isnull=False).exclude(state=State.RESOLVED)
    open_now: defaultdict[int, dict[int, Episode]] = defaultdict(dict)
    for row in live:
        if row.service_id is not None:
            open_now[row.rule_id][row.service_id] = row
    return [one for rule in rules for one in _of_rule(rule, looks.of(rule), open_now[rule.pk], now)]


def _of_rule(
    rule: AlertRule, found: Found, open_now: Mapping[int, Episode], now: datetime
) -> Iterator[_Todo]:
    for key, row in open_now.items():
        holds = found.of(key)
        if _may_move(row, holds, now):
            yield _Todo(rule, key, row, holds, found.true.get(key, ""))
    for key in found.true.keys() - open_now.keys():
        yield _Todo(rule, key, None, True, found.true[key])


def _may_move(row: Episode, holds: bool | None, now: datetime) -> bool:
    if holds is not True:
        return holds is False
    waits = row.state == State.PENDING and (row.due_at is None or row.due_at <= now)
    return waits or row.clears_at is not None


def _step(todo: Sequence[_Todo], now: datetime) -> int:
    rows = Service.objects.filter(pk__in={one.service for one in todo}).select_related("state_row")
    services, scopes = rows.in_bulk(), rule_values.Scopes()
    cases = [
        _case(one, services[one.service], now)
        for one in todo
        if one.service in services and (one.row or scopes.cover(one.rule, services[one.service]))
    ]
    if not cases:
        return 0
    with transaction.atomic():
        return step.move(cases)


def _case(one: _Todo, service: Service, now: datetime) -> Case:
    here = replace(rule_values.situation_of(service, service.state_row), measured=one.holds)
    story = partial(Story, state=WORDS[one.rule.condition], reason=one.reason)
    return Case(rule=one.rule, service=service, row=one.row, here=here, story=story, now=now)
