"""What is odd about a rule: it may never tell anything, or nothing that another does not. Pure.

Nothing here stops anybody; whoever shows the warnings has the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lifecycle.core.alerting.digest import LEVELS
from lifecycle.core.alerting.evaluate import Condition, Rule
from lifecycle.core.alerting.measured import Metric
from lifecycle.core.alerting.subjects import Kind, about
from lifecycle.core.machine.states import State

SILENT_FOR = timedelta(days=7)
"""What is silenced for so long without a break counts as always silenced."""


class Code(StrEnum):
    MATCHES_NOTHING = "matches-nothing"
    ALWAYS_SILENCED = "always-silenced"
    NO_CHANNEL = "no-channel"
    CHANNELS_OFF = "channels-off"
    CHANNELS_FAIL = "channels-fail"
    SHADOWED = "shadowed"
    ENDS_EARLY = "ends-early"
    NEVER_REACHED = "never-reached"
    NEVER_GIVES_UP = "never-gives-up"
    NO_TARGET = "no-target"
    REMINDS_OFTEN = "reminds-often"


@dataclass(frozen=True, kw_only=True)
class Warning:
    """One of them; `name` is what it is about, `until` and `span` are what it names."""

    code: Code
    name: str = ""
    until: datetime | None = None
    span: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Way:
    """A channel of the rule. It `fails` where its last message was given up."""

    name: str
    enabled: bool = True
    fails: bool = False


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A rule with all that is looked at. `covers` are the services in its scope, None for all there are."""

    number: int
    name: str
    level: str
    rule: Rule
    enabled: bool = True
    covers: frozenset[int] | None = None
    ways: Sequence[Way] = ()
    metric: Metric = Metric.ERROR_RATE
    of_host: str = ""
    threshold: float = 0.0
    window: timedelta = timedelta(minutes=5)
    reminder: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class World:
    """What holds for all rules. `longest_answer` is how long a check may take, by any policy.

    `silent` says of a rule until when all its services are silenced without a break, if they are.
    """

    others: Sequence[Looked] = ()
    any_service: bool = True
    any_target: bool = True
    gives_up: bool = True
    longest_answer: timedelta = timedelta(days=1)
    interval: timedelta = timedelta(0)


def warnings(looked: Looked, world: World, now: datetime, silent: datetime | None = None) -> list[Warning]:
    """All that is odd, the weightiest first. *silent*: until when all of it is silenced."""
    return [
        *_scope(looked, world),
        *_never(looked, world),
        *_ways(looked),
        *_silent(silent, now),
        *_shadowed(looked, world.others),
        *_times(looked, world),
    ]


def _scope(looked: Looked, world: World) -> Iterator[Warning]:
    nothing = not looked.covers if looked.covers is not None else not world.any_service
    if nothing and about(looked.rule.condition) == {Kind.SERVICE}:
        yield Warning(code=Code.MATCHES_NOTHING)


def _never(looked: Looked, world: World) -> Iterator[Warning]:
    rule = looked.rule
    if rule.condition is Condition.METRIC and not _reachable(looked, world):
        yield Warning(code=Code.NEVER_REACHED)
    if rule.condition is Condition.BUDGET_BURN and not world.any_target:
        yield Warning(code=Code.NO_TARGET)
    only_given_up = rule.states == frozenset({State.DISCONNECTED})
    if rule.condition is Condition.STATE_ENTERED and only_given_up and not world.gives_up:
        yield Warning(code=Code.NEVER_GIVES_UP)


def _reachable(looked: Looked, world: World) -> bool:
    match looked.metric:
        case Metric.ERROR_RATE | Metric.CALL_ERROR_RATE:
            return looked.threshold < 1
        case Metric.AVAILABILITY:
            return looked.threshold > 0
        case Metric.RESPONSE_TIME:
            return looked.threshold < world.longest_answer.total_seconds()
        case _:
            return True


def _ways(looked: Looked) -> Iterator[Warning]:
    if not looked.ways:
        yield Warning(code=Code.NO_CHANNEL)
        return
    enabled = [way for way in looked.ways if way.enabled]
    if not enabled:
        yield Warning(code=Code.CHANNELS_OFF, name=", ".join(way.name for way in looked.ways))
    elif all(way.fails for way in enabled):
        yield Warning(code=Code.CHANNELS_FAIL, name=", ".join(way.name for way in enabled))


def _silent(until: datetime | None, now: datetime) -> Iterator[Warning]:
    if until is not None and until >= now + SILENT_FOR:
        yield Warning(code=Code.ALWAYS_SILENCED, until=until)


def silent_until(spells: Sequence[tuple[datetime, datetime]], now: datetime) -> datetime | None:
    """Until when these silences last from *now* on without a break; None where none does now."""
    until = now
    for begin, end in sorted(spells):
        if begin > until:
            break
        until = max(until, end)
    return until if until > now else None


def _shadowed(looked: Looked, others: Sequence[Looked]) -> Iterator[Warning]:
    """One is enough: a person who mends it sees the next."""
    if not looked.enabled or looked.covers == frozenset():
        return
    other = next(
        (other for other in others if other.number != looked.number and _says_all(other, looked)), None
    )
    if other is not None:
        yield Warning(code=Code.SHADOWED, name=other.name)


def _says_all(other: Looked, mine: Looked) -> bool:
    """Whether *other* tells all that *mine* does, to the same channels, no later and as severely.

    Of two that are alike the younger is the one too many.
    """
    if not other.enabled or other.rule.condition is not mine.rule.condition:
        return False
    wider = other.covers is None or (mine.covers is not None and mine.covers <= other.covers)
    ways = {way.name for way in mine.ways} <= {way.name for way in other.ways}
    severe = LEVELS.index(other.level) >= LEVELS.index(mine.level)
    soon = other.rule.hold <= mine.rule.hold
    if not (mine.ways and wider and ways and severe and soon and _holds_wherever(other, mine)):
        return False
    alike = _says(other) == _says(mine)
    return other.number < mine.number if alike else True


def _says(looked: Looked) -> tuple[object, ...]:
    ways = frozenset(way.name for way in looked.ways)
    return looked.level, looked.covers, looked.rule.hold, looked.rule.states, ways, looked.threshold


def _holds_wherever(other: Looked, mine: Looked) -> bool:
    """Whether the condition of *other* holds wherever that of *mine* does."""
    match mine.rule.condition:
        case Condition.STATE_ENTERED:
            return mine.rule.states <= other.rule.states
        case Condition.TOOLS_CHANGED:
            return mine.rule.breaking_only or not other.rule.breaking_only
        case Condition.METRIC:
            if (mine.metric, mine.window) != (other.metric, other.window):
                return False
            below = mine.metric is Metric.AVAILABILITY
            return other.threshold >= mine.threshold if below else other.threshold <= mine.threshold
        case Condition.CERTIFICATE | Condition.ACCESS:
            return other.threshold >= mine.threshold
        case Condition.UPSTREAM:
            return True
        case Condition.HOST:
            return mine.of_host == other.of_host and other.threshold <= mine.threshold
        case _:
            return True


def _times(looked: Looked, world: World) -> Iterator[Warning]:
    rule = looked.rule
    if timedelta(0) < rule.keep < rule.hold:
        yield Warning(code=Code.ENDS_EARLY, span=rule.keep)
    if timedelta(0) < looked.reminder < world.interval:
        yield Warning(code=Code.REMINDS_OFTEN, span=world.interval)
