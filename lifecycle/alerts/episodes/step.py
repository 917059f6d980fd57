"""Write one step of each of many episodes: the rows, and the messages to the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.alerts.actions import response
from lifecycle.alerts.episodes import endings, folding, rows
from lifecycle.alerts.episodes.rows import Draft
from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.alerts.outbox.content.story import Story, firing_text
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Notice, Phase, Situation
from lifecycle.core.reconnection import dependency_wait
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
    rules = {case.rule.pk: rule_values.rule_of(case.rule) for case in cases}
    cases = [case for case in cases if case.row or evaluate.opens(rules[case.rule.pk], case.here)]
    last = _last_fired([case for case in cases if case.row is None or case.row.state == Phase.PENDING])
    pairs = [(case, (case.rule.pk, case.service.pk)) for case in cases]
    steps = [_step(case, rules[case.rule.pk], last.get(pair)) for case, pair in pairs]
    steps = [step for step in _with_doubt(steps) if step.after is not None and step.after != step.before]
    return sum(step.notice is Notice.FIRING for step, _ in write(steps))


def _step(case: Case, rule: evaluate.Rule, last_fired: datetime | None) -> Step:
    before = rule_values.episode_of(case.row) if case.row else None
    after, notice = evaluate.step(rule, before, last_fired, case.here, case.now)
    return Step(case, before, after, notice)


def _with_doubt(steps: Sequence[Step]) -> list[Step]:
    """Those that would fire wait, while a dependency may yet turn out to be the cause."""
    firing = [step for step in steps if step.notice is Notice.FIRING and not _of_tools(step.case)]
    if not firing:
        return list(steps)
    since = {step.case.service.pk: step.case.here.not_serving_since for step in firing}
    until = folding.doubted(since, firing[0].case.now)
    return [_postponed(step, until) if step in firing else step for step in steps] if until else list(steps)


def _postponed(step: Step, until: Mapping[int, datetime]) -> Step:
    key = step.case.service.pk
    if key not in until or step.after is None:
        return step
    after, notice = evaluate.postpone(step.after, until[key])
    return replace(step, after=after, notice=notice)


def _of_tools(case: Case) -> bool:
    return case.rule.condition == TOOLS_CHANGED


def _last_fired(cases: Sequence[Case]) -> dict[tuple[int, int], datetime]:
    if not cases:
        return {}
    return rule_values.last_fired({case.rule.pk for case in cases}, {case.service.pk for case in cases})


def write(steps: Sequence[Step]) -> list[tuple[Step, Episode]]:
    """Bring rows and outbox to what the steps say; those of them where nobody else was first."""
    if not steps:
        return []
    now = steps[0].case.now
    stories = _stories(steps)
    drafts = [_draft(step, story) for step, story in zip(_with_endings(steps), stories, strict=True)]
    written = [
        (step, row, story)
        for step, row, story in zip(steps, rows.write(drafts), stories, strict=True)
        if row is not None
    ]
    for step, row, _ in written:
        row.rule, row.service = step.case.rule, step.case.service
    if begun := [(row, story) for step, row, story in written if step.notice is Notice.FIRING]:
        response.respond([row for row, _ in begun], now)
        outbox_write.queue_firing(begun, now)
    if ended := [(row, story) for step, row, story in written if step.notice is Notice.RESOLVED]:
        outbox_write.queue_resolved(ended, now)
    rule_values.note_all([row for _, row, _ in written], now)
    return [(step, row) for step, row, _ in written]


def _stories(steps: Sequence[Step]) -> list[Story]:
    """What there is to tell of each; who needs those that begin not to serve is in it."""
    down = [
        step.case.service for step in steps if step.notice is Notice.FIRING and not step.case.here.serving
    ]
    needed = links.those_needed([service.pk for service in down]) if down else ()
    by = {service.pk: links.all_needing(service) for service in down if service.pk in needed}
    scopes = rule_values.Scopes()
    return [_story(step, by, scopes) for step in steps]


def _story(step: Step, needing: Mapping[int, Sequence[Service]], scopes: rule_values.Scopes) -> Story:
    """Names no service that the rule does not look at: who reads its messages may not know of them."""
    if not step.notice:
        return Story(state="", reason="")
    story, rule = step.case.story(), step.case.rule
    if scopes.of(rule).kind != "all":
        story = replace(story, reason=dependency_wait.unnamed(story.reason))
    if step.notice is not Notice.FIRING or step.case.here.serving:
        return story
    every = needing.get(step.case.service.pk, ())
    names = tuple(one.name for one in every if scopes.cover(rule, one))
    return replace(story, needed_by=names, needed_beside=len(every) - len(names))


def _with_endings(steps: Sequence[Step]) -> list[Step]:
    told = {
        step: (step.case.row, step.case.service, step.after.ending)
        for step in steps
        if step.case.row is not None and step.after and step.after.ending and step.after.fired_at
    }
    full = dict(zip(told, endings.of(told.values()), strict=True))
    return [_with_ending(step, *full[step]) if step in full else step for step in steps]


def _with_ending(step: Step, ending: evaluate.Ending, by: str) -> Step:
    assert step.after is not None
    return replace(step, after=replace(step.after, ending=ending), by=by or step.by)


def _draft(step: Step, story: Story) -> Draft:
    case, after, text = step.case, step.after, ""
    assert after is not None
    if step.notice is Notice.FIRING:
        text = firing_text(case.rule, case.service.name, after.opened_at, story)
    return Draft(case.row, case.rule, case.service, after, case.now, text, step.by)
