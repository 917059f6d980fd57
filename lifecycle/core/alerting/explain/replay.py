"""Run the evaluator over what was, or may be: the same steps as live, with the moments at which it wakes.

Pure. Live wakes each second, each 5 s for what ends by time, and each 30 s for what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Episode, Notice, Phase, Rule, Situation
from lifecycle.core.alerting.explain.course import Seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Stepped:
    """One step that changed something: the episode before and after, and what there was to tell."""

    at: datetime
    before: Episode | None
    after: Episode
    notice: Notice | None
    here: Situation
    last_fired: datetime | None = None


def run(
    rule: Rule,
    seen: Sequence[Seen],
    until: datetime,
    *,
    last_fired: datetime | None = None,
    depends: bool = False,
) -> Iterator[Stepped]:
    """Every step of one rule and service up to *until*, which is not included.

    *depends*: it has dependencies, so that it is doubted for a moment whether the cause is one of them.
    """
    episode: Episode | None = None
    for number, one in enumerate(seen):
        end = min(seen[number + 1].at, until) if number + 1 < len(seen) else until
        at = one.at
        while at < end:
            step = _step(rule, episode, last_fired, one.then(at), at, depends)
            if step is not None:
                yield step
                last_fired = step.after.fired_at or last_fired
                episode = None if step.after.phase is Phase.RESOLVED else step.after
            wake = _wakes(episode, one, at)
            if wake is None:
                break
            at = wake


def _step(
    rule: Rule,
    episode: Episode | None,
    last_fired: datetime | None,
    here: Situation,
    now: datetime,
    depends: bool,
) -> Stepped | None:
    after, notice = evaluate.step(rule, episode, last_fired, here, now)
    if (
        after is not None
        and notice is Notice.FIRING
        and rule.condition is not evaluate.Condition.TOOLS_CHANGED
    ):
        until = evaluate.doubted_until(here.not_serving_since, now, depends)
        after, notice = evaluate.postpone(after, until) if until else (after, notice)
    if after is None or after == episode:
        return None
    return Stepped(at=now, before=episode, after=after, notice=notice, here=here, last_fired=last_fired)


def _wakes(episode: Episode | None, seen: Seen, now: datetime) -> datetime | None:
    """When something happens by time alone."""
    if episode is None:
        return None
    if episode.phase is not Phase.PENDING:
        at = episode.clears_at
    else:
        at = episode.due_at if episode.due_at is not None else seen.freed(now)
    return at if at is not None and at > now else None


def mass_failures(
    spells: Sequence[tuple[datetime, datetime | None]], cooldown: timedelta, until: datetime
) -> Iterator[tuple[datetime, datetime | None]]:
    """When a rule on mass failures fires and ends: once for each, after the last one's cooldown."""
    free: datetime | None = None
    for began, ended in spells:
        at = max(began, free) if free else began
        if at < (ended or until):
            yield at, ended
            free = at + cooldown
