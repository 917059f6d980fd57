"""Write one step of each episode: its row, and the messages to the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction

from lifecycle.alerts.episodes import endings, folding
from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.alerts.outbox.write import Story
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Notice, Phase, Situation
from lifecycle.models import AlertRule, Episode
from registry.dependencies import links
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
    before: evaluate.Episode | None
    after: evaluate.Episode | None
    notice: Notice | None
    by: str = ""


def move(cases: Sequence[Case]) -> int:
    """One step of each case, written; how many fired."""
    cases = [case for case in cases if case.row or evaluate.opens(rule_values.rule_of(case.rule), case.here)]
    last = _last_fired([case for case in cases if case.row is None or case.row.state == Phase.PENDING])
    steps = [_step(case, last.get((case.rule.pk, case.service.pk))) for case in cases]
    steps = [step for step in steps if step.after is not None and step.after != step.before]
    beginning = [step for step in steps if step.case.row is None and step.notice is None]
    if beginning and (opened := _begin(beginning)):
        rule_values.note_all(opened, cases[0].now)
        steps = [step for step in steps if step not in beginning]
    written = [(step, row) for step in steps if (row := write(step)) is not None]
    if written:
        rule_values.note_all([row for _, row in written], cases[0].now)
    return sum(step.notice is Notice.FIRING for step, _ in written)


def _step(case: Case, last_fired: datetime | None) -> Step:
    before = rule_values.episode_of(case.row) if case.row else None
    after, notice = evaluate.step(rule_values.rule_of(case.rule), before, last_fired, case.here, case.now)
    if after is not None and notice is Notice.FIRING and (until := _doubted_until(case)):
        after, notice = evaluate.postpone(after, until)
    return Step(case, before, after, notice)


def _begin(steps: Sequence[Step]) -> list[Episode]:
    """Open what has nothing to tell yet, all in one statement; nothing where one of them is there already."""
    made = [
        rule_values.new_episode(step.case.rule, step.case.service, step.after)
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
    return rule_values.last_fired({case.rule.pk for case in cases}, {case.service.pk for case in cases})


def write(step: Step) -> Episode | None:
    """Bring rows and outbox to what the step says; None when somebody else was first."""
    case, notice, by = step.case, step.notice, ""
    story = case.story() if notice else Story(state="", reason="")
    if notice is Notice.FIRING and not case.here.serving:
        story = replace(story, needed_by=tuple(links.all_needing(case.service)))
    if case.row is not None and step.after and step.after.ending and step.after.fired_at:
        ending, by = endings.of(case.row, case.service, step.after.ending)
        step = replace(step, after=replace(step.after, ending=ending))
    row = _bring(step, story, by or step.by)
    if row is None:
        return None
    row.rule, row.service = case.rule, case.service
    if notice is Notice.FIRING:
        outbox_write.queue_firing(row, story, case.now)
    elif notice is Notice.RESOLVED:
        outbox_write.queue_resolved(row, story, case.now)
    return row


def _bring(step: Step, story: Story, by: str) -> Episode | None:
    case, after = step.case, step.after
    if after is None:
        return None
    text = ""
    if step.notice is Notice.FIRING:
        text = outbox_write.firing_text(case.rule, case.service.name, after.opened_at, story)
    if case.row is not None:
        return case.row if rule_values.advance(case.row, after, text, case.now, by) else None
    try:
        with transaction.atomic():
            return rule_values.open_episode(case.rule, case.service, after, text)
    except IntegrityError:
        # Another worker opened it in this moment: one is enough, and the caller's work must stand.
        return None
