"""One step of each episode that may move, brought into its row and the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction

from lifecycle.alerts import folding, outbox, rows
from lifecycle.alerts.outbox import Story
from lifecycle.core import alerting
from lifecycle.core.alerting import Notice, Phase, Situation
from lifecycle.models import AlertRule, Episode
from registry import dependencies
from registry.models import Service

TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED


@dataclass(frozen=True, kw_only=True)
class Case:
    """One rule and one service at one moment, with their open episode if there is one."""

    rule: AlertRule
    service: Service
    row: Episode | None
    here: Situation
    story: Callable[[], Story]
    now: datetime


@dataclass(frozen=True, eq=False)
class Step:
    """What one case comes to: its episode before and after, and what there is to tell."""

    case: Case
    before: alerting.Episode | None
    after: alerting.Episode | None
    notice: Notice | None


def move(cases: Sequence[Case]) -> int:
    """One step of each case, written; how many fired."""
    cases = [case for case in cases if case.row or alerting.opens(rows.rule_of(case.rule), case.here)]
    last = _last_fired([case for case in cases if case.row is None or case.row.state == Phase.PENDING])
    steps = [_step(case, last.get((case.rule.pk, case.service.pk))) for case in cases]
    steps = [step for step in steps if step.after is not None and step.after != step.before]
    beginning = [step for step in steps if step.case.row is None and step.notice is None]
    if beginning and (opened := _begin(beginning)):
        rows.note_all(opened, cases[0].now)
        steps = [step for step in steps if step not in beginning]
    written = [(step, row) for step in steps if (row := write(step)) is not None]
    if written:
        rows.note_all([row for _, row in written], cases[0].now)
    return sum(step.notice is Notice.FIRING for step, _ in written)


def _step(case: Case, last_fired: datetime | None) -> Step:
    before = rows.episode_of(case.row) if case.row else None
    after, notice = alerting.step(rows.rule_of(case.rule), before, last_fired, case.here, case.now)
    if after is not None and notice is Notice.FIRING and (until := _doubted_until(case)):
        after, notice = alerting.postpone(after, until)
    return Step(case, before, after, notice)


def _begin(steps: Sequence[Step]) -> list[Episode]:
    """Open what has nothing to tell yet, all in one statement; nothing where one of them is there already."""
    made = [
        rows.new_episode(step.case.rule, step.case.service, step.after)
        for step in steps
        if step.after is not None
    ]
    try:
        with transaction.atomic():
            return Episode.objects.bulk_create(made)
    except IntegrityError:
        return []


def _doubted_until(case: Case) -> datetime | None:
    if case.rule.condition == TOOLS_CHANGED:
        return None
    return folding.doubted_until(case.service, case.here.not_serving_since, case.now)


def _last_fired(cases: Sequence[Case]) -> dict[tuple[int, int], datetime]:
    if not cases:
        return {}
    return rows.last_fired({case.rule.pk for case in cases}, {case.service.pk for case in cases})


def write(step: Step) -> Episode | None:
    """Bring rows and outbox to what the step says; None when somebody else was first."""
    case, notice = step.case, step.notice
    story = case.story() if notice else Story(state="", reason="")
    if notice is Notice.FIRING and not case.here.serving:
        story = replace(story, needed_by=tuple(dependencies.all_needing(case.service)))
    row = _bring(step, story)
    if row is None:
        return None
    row.rule, row.service = case.rule, case.service
    if notice is Notice.FIRING:
        outbox.queue_firing(row, story, case.now)
    elif notice is Notice.RESOLVED:
        outbox.queue_resolved(row, story, case.now)
    return row


def _bring(step: Step, story: Story) -> Episode | None:
    case, after = step.case, step.after
    if after is None:
        return None
    text = ""
    if step.notice is Notice.FIRING:
        text = outbox.firing_text(case.rule, case.service.name, after.opened_at, story)
    if case.row is not None:
        return case.row if rows.advance(case.row, after, text, case.now) else None
    try:
        with transaction.atomic():
            return rows.open_episode(case.rule, case.service, after, text)
    except IntegrityError:
        # Another worker opened it in this moment: one is enough, and the caller's work must stand.
        return None
