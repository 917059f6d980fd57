"""Open, fire and resolve episodes of what is no service: workers, for one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max

from lifecycle.alerts.episodes.subjects import hosts, tokens, workers
from lifecycle.alerts.episodes.subjects.found import Found
from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.alerts.outbox.content.story import WORDS, Story, firing_text
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate, subjects
from lifecycle.core.alerting.evaluate import Ending, Notice, Situation
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import AlertRule, Episode

State, Condition = Episode.State, AlertRule.Condition
Look = Callable[[AlertRule, datetime], Found]
LOOKS: Mapping[str, Look] = {
    Condition.WORKER_SILENT: workers.look,
    Condition.HOST: hosts.look,
    Condition.ACCESS: tokens.look,
}
BESIDE = tuple(LOOKS)
EVERY = timedelta(seconds=10)
_looked_at: datetime | None = None


def now_and_then(now: datetime) -> int:
    """Look if it is time; one query where no rule is about such things."""
    global _looked_at
    if _looked_at is not None and timedelta(0) <= now - _looked_at < EVERY:
        return 0
    _looked_at = now
    return follow(now)


def forget() -> None:
    """Look the next time, whenever that is."""
    global _looked_at
    _looked_at = None
    workers.forget()


def follow(now: datetime, conditions: Collection[str] = BESIDE) -> int:
    """Bring the episodes of these conditions to what is; returns how many fired."""
    rules = list(AlertRule.objects.filter(enabled=True, condition__in=conditions))
    return sum(_follow(rule, LOOKS[rule.condition](rule, now), now) for rule in rules)


def _follow(rule: AlertRule, found: Found, now: datetime) -> int:
    kinds = subjects.about(evaluate.Condition(rule.condition))
    live = rule.episodes.filter(service=None).exclude(state=State.RESOLVED)
    rows = {row.subject: row for row in live if row.subject.kind in kinds}
    for row in rows.values():
        row.rule = rule
    todo = [*rows, *(one for one in found.true if one not in rows)]
    return sum(_step(_Case(rule, one, rows.get(one), found, now)) for one in todo)


@dataclass(frozen=True)
class _Case:
    """One rule and one subject at one moment, with their open episode if there is one."""

    rule: AlertRule
    subject: Subject
    row: Episode | None
    found: Found
    now: datetime

    @property
    def story(self) -> Story:
        return Story(state=WORDS[self.rule.condition], reason=self.found.true.get(self.subject, ""))


def _step(case: _Case) -> bool:
    """Where it goes from here, written; whether it fired."""
    here = Situation.of_figures(case.found.holds(case.subject), gone=case.subject in case.found.gone)
    before = rule_values.episode_of(case.row) if case.row else None
    last = None if before else _last_fired(case)
    after, notice = evaluate.step(rule_values.rule_of(case.rule), before, last, here, case.now)
    return after is not None and after != before and _write(case, after, notice)


def _last_fired(case: _Case) -> datetime | None:
    earlier = Episode.objects.filter(
        rule=case.rule, subject_kind=case.subject.kind, subject_name=case.subject.name
    )
    found: datetime | None = earlier.aggregate(last=Max("fired_at"))["last"]
    return found


def _write(case: _Case, after: evaluate.Episode, notice: Notice | None, by: str = "") -> bool:
    """In one transaction with its messages; nothing where somebody else, a worker or a page, was first."""
    try:
        with transaction.atomic():
            row = _row(case, after, notice, by)
            if row is None:
                return False
            if notice is Notice.FIRING:
                outbox_write.queue_firing([(row, case.story)], case.now)
            elif notice is Notice.RESOLVED:
                outbox_write.queue_resolved([(row, case.story)], case.now)
            rule_values.note(row, case.now)
    except IntegrityError:
        return False
    return notice is Notice.FIRING


def _row(case: _Case, after: evaluate.Episode, notice: Notice | None, by: str) -> Episode | None:
    text = ""
    if notice is Notice.FIRING:
        text = firing_text(case.rule, case.subject.words, after.opened_at, case.story)
    if case.row is None:
        row = rule_values.new_beside(case.rule, case.subject, after, text)
        row.save(force_insert=True)
        return row
    return case.row if rule_values.advance(case.row, after, text, case.now, by) else None


def reconsider(rule: AlertRule, now: datetime, by: str) -> None:
    """A rule was changed, or switched off: what it no longer looks at is over."""
    kinds = subjects.about(evaluate.Condition(rule.condition)) if rule.enabled else frozenset()
    _end_all(rule, kinds, Ending.RULE_CHANGED if rule.enabled else Ending.RULE_OFF, now, by)


def retire(rule: AlertRule, now: datetime, by: str) -> None:
    """A rule is about to be deleted."""
    _end_all(rule, frozenset(), Ending.RULE_DELETED, now, by)


def _end_all(rule: AlertRule, kept: Collection[Kind], ending: Ending, now: datetime, by: str) -> None:
    """Those of a mass failure are ended by their own room."""
    for row in rule.episodes.filter(service=None).exclude(state=State.RESOLVED):
        if row.subject.kind in kept or row.subject.kind is Kind.FLEET:
            continue
        row.rule = rule
        case = _Case(rule, row.subject, row, Found(), now)
        after, notice = evaluate.end(rule_values.rule_of(rule), rule_values.episode_of(row), ending)
        _write(case, after, notice, by) if after is not None else None
