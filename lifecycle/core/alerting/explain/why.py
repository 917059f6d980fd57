"""What decided whether an alert was sent: one line for each decision, with its time. Pure.

Lines are values; whoever shows them has the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Ending, Episode, Notice, Phase, Rule
from lifecycle.core.alerting.explain.replay import Stepped


class What(StrEnum):
    """Each thing that decides. The first part is about now and the rule, the second about an episode."""

    RULE_OFF = "rule-off"
    RULE_NEW = "rule-new"
    ALERTS_OFF = "alerts-off"
    OUT_OF_SCOPE = "out-of-scope"
    AT_REST = "at-rest"
    NO_CHANNEL = "no-channel"
    CHANNEL_OFF = "channel-off"
    CHANNEL_PAUSED = "channel-paused"
    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    FLAPPING = "flapping"
    NOT_RECORDED = "not-recorded"
    NO_FIGURES = "no-figures"
    NEVER_MET = "never-met"

    MET = "met"
    HOLD = "hold"
    COOLDOWN = "cooldown"
    ASKED = "asked"
    FOLDED = "folded"
    RESUMED = "resumed"
    DOUBT = "doubt"
    TOO_SHORT = "too-short"
    FIRED = "fired"
    CLEARS = "clears"
    ENDED = "ended"
    ACKNOWLEDGED = "acknowledged"
    NOTE = "note"
    QUEUED = "queued"
    JOINED = "joined"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    PARTIAL = "partial"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    REMINDS = "reminds"
    NO_RECOVERY = "no-recovery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One decision. `until` is the time it names, `span` a length of time, `name` what it is about."""

    at: datetime
    what: What
    until: datetime | None = None
    span: timedelta | None = None
    name: str = ""
    text: str = ""
    by: str = ""
    episode: int | None = None


def of_steps(rule: Rule, steps: Iterable[Stepped]) -> Iterator[Line]:
    """What the evaluator did at each step, in the order of time."""
    for step in steps:
        if step.before is None:
            yield Line(at=step.after.opened_at, what=What.MET, text=step.here.state.value)
        if step.notice is Notice.FIRING:
            yield Line(at=step.at, what=What.FIRED)
        elif step.after.phase is Phase.PENDING:
            yield from _waits(rule, step)
        if step.after.clears_at is not None:
            yield Line(at=step.at, what=What.CLEARS, until=step.after.clears_at, span=rule.keep)
        if step.after.phase is Phase.RESOLVED and step.after.ending is not Ending.TOLD:
            yield _end(step)


def _waits(rule: Rule, step: Stepped) -> Iterator[Line]:
    """Why a pending episode is due when it is."""
    due, before = step.after.due_at, step.before.due_at if step.before else None
    if due is None:
        yield Line(at=step.at, what=What.FOLDED)
        return
    if before == due:
        return
    what, span = _cause(rule, step, due)
    if what is not None:
        yield Line(at=step.at, what=what, until=due, span=span)


def _cause(rule: Rule, step: Stepped, due: datetime) -> tuple[What | None, timedelta | None]:
    episode = step.after
    if step.before is not None and step.before.due_at is None and due == step.at + evaluate.RESUMED:
        return What.RESUMED, evaluate.RESUMED
    if step.here.asked and due == step.at + evaluate.ASKED:
        return What.ASKED, evaluate.ASKED
    if step.last_fired is not None and rule.cooldown and due == step.last_fired + rule.cooldown:
        return What.COOLDOWN, rule.cooldown
    since = step.here.not_serving_since
    if since is not None and due == evaluate.doubted_until(since, step.at, depends=True) != episode.opened_at:
        return (What.HOLD, rule.hold) if rule.hold == evaluate.DOUBT else (What.DOUBT, evaluate.DOUBT)
    return (What.HOLD, rule.hold) if rule.hold else (None, None)


def _end(step: Stepped) -> Line:
    episode = step.after
    told = episode.fired_at is not None
    ending = episode.ending.value if episode.ending else ""
    return Line(
        at=step.at,
        what=What.ENDED if told else What.TOO_SHORT,
        until=episode.due_at,
        span=step.at - episode.opened_at,
        name=ending,
    )


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message to one channel, as its row has it."""

    channel: str
    notice: str
    state: str
    created: datetime
    due: datetime
    delivered: datetime | None = None
    attempts: int = 0
    answer: str = ""
    joined: bool = False


@dataclass(frozen=True, kw_only=True)
class Way:
    """One channel of the rule as it is now; it pauses after a message until `paused`."""

    name: str
    enabled: bool = True
    reason: str = ""
    paused: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is on record of one episode. `steps` are the evaluator's for it."""

    rule: Rule
    episode: Episode
    steps: Sequence[Stepped] = ()
    notes: Sequence[Line] = ()
    sent: Sequence[Sent] = ()
    ways: Sequence[Way] = ()
    acknowledged: tuple[datetime, str] | None = None
    resolved: tuple[datetime, str] | None = None
    summary: str = ""
    alerts_on: bool = True
    folded_into: str = ""
    reminds_at: datetime | None = None


def of_episode(facts: Facts, now: datetime) -> list[Line]:
    """What decided over one episode, in the order of time; what is true now comes last."""
    found = [*_course(facts), *facts.notes]
    if facts.acknowledged:
        found.append(Line(at=facts.acknowledged[0], what=What.ACKNOWLEDGED, by=facts.acknowledged[1]))
    for sent in facts.sent:
        found += _of_sent(sent, facts, now)
    found.sort(key=lambda line: line.at)
    return [*found, *_now(facts, now)]


def _course(facts: Facts) -> Iterator[Line]:
    """From the condition to the end. Rows tell what happened, steps tell why it took so long."""
    episode = facts.episode
    yield Line(at=episode.opened_at, what=What.MET)
    until = episode.fired_at or (facts.resolved[0] if facts.resolved else None)
    decided = (What.HOLD, What.COOLDOWN, What.ASKED, What.FOLDED, What.RESUMED, What.DOUBT)
    for line in of_steps(facts.rule, facts.steps):
        if line.what in decided and (until is None or line.at <= until):
            yield line
    if episode.fired_at:
        yield Line(at=episode.fired_at, what=What.FIRED, text=facts.summary)
        if not facts.sent and not facts.ways:
            yield Line(at=episode.fired_at, what=What.NO_CHANNEL)
    if facts.resolved:
        yield from _over(facts, *facts.resolved)


def _over(facts: Facts, at: datetime, by: str) -> Iterator[Line]:
    episode, rule = facts.episode, facts.rule
    if episode.ending is Ending.TOLD:
        return
    ending = episode.ending.value if episode.ending else ""
    span = at - episode.opened_at
    if episode.fired_at is None:
        yield Line(at=at, what=What.TOO_SHORT, until=episode.due_at, span=span, name=ending, by=by)
        return
    yield Line(at=at, what=What.ENDED, span=span, name=ending, by=by)
    if not rule.notify_recovery:
        yield Line(at=at, what=What.NO_RECOVERY)


def _of_sent(sent: Sent, facts: Facts, now: datetime) -> Iterator[Line]:
    if (sent.due > sent.created and not sent.attempts) or sent.joined:
        yield Line(at=sent.created, what=What.QUEUED, name=sent.channel, text=sent.notice, until=sent.due)
    if sent.joined and sent.state != What.SUPERSEDED:
        yield Line(at=sent.delivered or sent.created, what=What.JOINED, name=sent.channel, text=sent.notice)
    what = _OUTCOMES.get(sent.state)
    if what is not None:
        at = sent.delivered or sent.created
        yield Line(at=at, what=what, name=sent.channel, text=sent.notice, by=sent.answer)
    elif sent.attempts:
        yield Line(at=sent.created, what=What.RETRYING, name=sent.channel, until=sent.due, by=sent.answer)


_OUTCOMES = {
    "delivered": What.DELIVERED,
    "partial": What.PARTIAL,
    "dead": What.FAILED,
    "superseded": What.SUPERSEDED,
}


def _now(facts: Facts, now: datetime) -> Iterator[Line]:
    """What stands in the way at this moment, while the episode is open."""
    if facts.episode.phase is Phase.RESOLVED:
        return
    if not facts.alerts_on:
        yield Line(at=now, what=What.ALERTS_OFF)
    if facts.folded_into:
        yield Line(at=now, what=What.FOLDED, name=facts.folded_into)
    if facts.episode.clears_at:
        yield Line(at=now, what=What.CLEARS, until=facts.episode.clears_at, span=facts.rule.keep)
    yield from of_ways(facts.ways, now)
    if facts.reminds_at and facts.episode.phase is Phase.FIRING:
        yield Line(at=now, what=What.REMINDS, until=facts.reminds_at)


def of_ways(ways: Sequence[Way], now: datetime) -> Iterator[Line]:
    """What is wrong with the rule's channels."""
    if not ways:
        yield Line(at=now, what=What.NO_CHANNEL)
    for way in ways:
        if not way.enabled:
            yield Line(at=now, what=What.CHANNEL_OFF, name=way.name, text=way.reason)
        elif way.paused and way.paused > now:
            yield Line(at=now, what=What.CHANNEL_PAUSED, name=way.name, until=way.paused)
