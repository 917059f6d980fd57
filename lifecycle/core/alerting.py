"""When an alert opens, fires and ends (requirements 4.1, 4.2). Pure: the clock comes in as *now*."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from lifecycle.core.states import SERVING, State

DOUBT = timedelta(seconds=10)
"""How long a service that depends on others is not spoken of, since the cause may come out elsewhere."""
RESUMED = timedelta(seconds=30)
"""How long one has to recover once its dependency is back, before its own alert comes."""


class Condition(StrEnum):
    STATE_ENTERED = "state-entered"
    NOT_SERVING_FOR = "not-serving-for"
    TOOLS_CHANGED = "tools-changed"
    MASS_FAILURE = "mass-failure"


class Phase(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Ending(StrEnum):
    """Why an episode is over; only the first is told to people."""

    RECOVERED = "recovered"
    STOPPED = "stopped"
    REMOVED = "removed"
    RULE_CHANGED = "rule-changed"
    TOLD = "told"


class Notice(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which services a rule looks at: all of them, or those named, tagged or profiled so."""

    kind: str = "all"
    values: frozenset[str] = frozenset()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Scope:
        return cls(kind=raw.get("kind", "all"), values=frozenset(raw.get("values", ())))

    def covers(self, name: str, tags: Collection[str], profile: str) -> bool:
        match self.kind:
            case "all":
                return True
            case "services":
                return name in self.values
            case "tags":
                return not self.values.isdisjoint(tags)
            case "profiles":
                return profile in self.values
            case _:
                return False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The part of a rule that decides.

    `states` belongs to state-entered, `hold` to not-serving-for, `breaking_only` to tools-changed.
    """

    condition: Condition
    states: frozenset[State] = frozenset()
    hold: timedelta = timedelta(minutes=5)
    breaking_only: bool = False
    cooldown: timedelta = timedelta(minutes=5)
    notify_recovery: bool = True


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One service as it is now; `entered` says that it came into its state just now.

    `folded` says that it waits for a dependency whose own alert tells of the trouble. `tools_changed` and
    `tools_broken` (a breaking change among them) say what its last listing brought.
    """

    state: State
    not_serving_since: datetime | None
    entered: bool = False
    stopped: bool = False
    removed: bool = False
    folded: bool = False
    tools_changed: bool = False
    tools_broken: bool = False

    @property
    def serving(self) -> bool:
        return self.state in SERVING

    @property
    def at_rest(self) -> bool:
        """Stopped on purpose; a service that gave up keeps its *not serving since* and is not at rest."""
        idle = self.state in (State.DISCONNECTING, State.DISCONNECTED)
        return self.removed or self.stopped or (idle and self.not_serving_since is None)


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One stretch of one rule being true for one service. Pending without `due_at`, it is folded."""

    phase: Phase
    opened_at: datetime
    due_at: datetime | None
    fired_at: datetime | None = None
    ending: Ending | None = None


Step = tuple[Episode | None, Notice | None]


def holds(rule: Rule, now_is: Situation) -> bool:
    """Whether an open episode goes on. A state-entered one lasts until the service serves again."""
    if rule.condition is Condition.TOOLS_CHANGED:
        return not now_is.removed
    if now_is.at_rest:
        return False
    named = rule.condition is Condition.STATE_ENTERED and now_is.state in rule.states
    return named or not now_is.serving


def opens(rule: Rule, now_is: Situation) -> bool:
    """Whether a new episode begins; a state that was entered before the rule was there does not count."""
    if rule.condition is Condition.TOOLS_CHANGED:
        return now_is.tools_broken if rule.breaking_only else now_is.tools_changed
    if now_is.at_rest:
        return False
    if rule.condition is Condition.STATE_ENTERED:
        return now_is.entered and now_is.state in rule.states
    return not now_is.serving and now_is.not_serving_since is not None


def _due(rule: Rule, opened: datetime, last_fired: datetime | None) -> datetime:
    """When it fires: at once or after the hold, but not before the previous one's cooldown is over."""
    due = opened
    if rule.condition is Condition.NOT_SERVING_FOR:
        due += rule.hold
    return due if last_fired is None else max(due, last_fired + rule.cooldown)


def _ending(now_is: Situation) -> Ending:
    if now_is.removed:
        return Ending.REMOVED
    return Ending.STOPPED if now_is.at_rest else Ending.RECOVERED


def step(
    rule: Rule, episode: Episode | None, last_fired: datetime | None, now_is: Situation, now: datetime
) -> Step:
    """Where the episode of one rule and service goes from here, and what to tell.

    *last_fired* is when the pair's previous episode fired. The same episode comes back when nothing moved.
    """
    if episode is None:
        if not opens(rule, now_is):
            return None, None
        began = None if rule.condition is Condition.TOOLS_CHANGED else now_is.not_serving_since
        episode = Episode(phase=Phase.PENDING, opened_at=began or now, due_at=now)
    elif not holds(rule, now_is):
        return end(rule, episode, _ending(now_is))
    if episode.phase is not Phase.PENDING:
        stale = rule.condition is Condition.TOOLS_CHANGED  # it fired under another condition
        return end(rule, episode, Ending.RULE_CHANGED) if stale else (episode, None)
    if now_is.folded and rule.condition is not Condition.TOOLS_CHANGED:
        return replace(episode, due_at=None), None
    due = _due(rule, episode.opened_at, last_fired)
    if episode.due_at is None:
        due = max(due, now + RESUMED)
    episode = replace(episode, due_at=due)
    if due > now:
        return episode, None
    if rule.condition is Condition.TOOLS_CHANGED:
        # A change has no end that could be awaited: its episode is over as soon as it is told of.
        return replace(episode, phase=Phase.RESOLVED, fired_at=now, ending=Ending.TOLD), Notice.FIRING
    return replace(episode, phase=Phase.FIRING, fired_at=now), Notice.FIRING


def postpone(episode: Episode, until: datetime) -> Step:
    """The same, not yet firing."""
    return replace(episode, phase=Phase.PENDING, fired_at=None, due_at=until), None


def end(rule: Rule, episode: Episode, ending: Ending) -> Step:
    """Over: people hear of a recovery if they heard of the trouble, and of nothing else."""
    over = replace(episode, phase=Phase.RESOLVED, ending=ending)
    told = episode.fired_at is not None and rule.notify_recovery and ending is Ending.RECOVERED
    return over, Notice.RESOLVED if told else None
