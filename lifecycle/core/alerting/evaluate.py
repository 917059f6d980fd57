"""When an alert opens, fires and ends (requirements 4.1, 4.2). Pure: the clock comes in as *now*."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from lifecycle.core.machine.states import SERVING, State

DOUBT = timedelta(seconds=10)
"""How long a service that depends on others is not spoken of, since the cause may come out elsewhere."""
RESUMED = timedelta(seconds=30)
"""How long one has to recover once its dependency is back, before its own alert comes."""
ASKED = timedelta(seconds=15)
"""How long what a person asked for may take before it counts as trouble, whatever the rule says."""


class Condition(StrEnum):
    STATE_ENTERED = "state-entered"
    NOT_SERVING_FOR = "not-serving-for"
    TOOLS_CHANGED = "tools-changed"
    MASS_FAILURE = "mass-failure"
    NEEDS_SIGN_IN = "needs-sign-in"
    METRIC = "metric"
    BUDGET_BURN = "budget-burn"
    UNUSUALLY_SLOW = "unusually-slow"
    FLAPPING = "flapping"
    WORKER_SILENT = "worker-silent"
    HOST = "host"
    CERTIFICATE = "certificate-expires"
    ACCESS = "access-expires"
    UPSTREAM = "upstream"


MEASURED = frozenset(
    {
        Condition.METRIC,
        Condition.BUDGET_BURN,
        Condition.UNUSUALLY_SLOW,
        Condition.FLAPPING,
        Condition.WORKER_SILENT,
        Condition.HOST,
        Condition.CERTIFICATE,
        Condition.ACCESS,
        Condition.UPSTREAM,
    }
)
"""What no state tells but figures over time; somebody else measures it."""


class Phase(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Ending(StrEnum):
    """How an episode ended. Of the first five, in which it serves again, all but one are a person's doing."""

    RECOVERED = "recovered"
    RESTARTED = "restarted"
    RECONNECTED = "reconnected"
    STARTED = "started"
    RECONFIGURED = "reconfigured"
    SIGN_IN = "sign-in"
    STOPPED = "stopped"
    REMOVED = "removed"
    ARCHIVED = "archived"
    RULE_OFF = "rule-off"
    RULE_CHANGED = "rule-changed"
    RULE_DELETED = "rule-deleted"
    TOLD = "told"


SERVES_AGAIN = frozenset(
    {Ending.RECOVERED, Ending.RESTARTED, Ending.RECONNECTED, Ending.STARTED, Ending.RECONFIGURED}
)


class Notice(StrEnum):
    FIRING = "firing"
    REMINDER = "reminder"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which services a rule looks at: all of them, those named, tagged or profiled so, or those of agents."""

    kind: str = "all"
    values: frozenset[str] = frozenset()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Scope:
        return cls(kind=raw.get("kind", "all"), values=frozenset(raw.get("values", ())))

    def covers(self, name: str, tags: Collection[str], profile: str, agents: Collection[str] = ()) -> bool:
        """Whether a service of this name is meant; *agents* are those that it belongs to."""
        match self.kind:
            case "all":
                return True
            case "services":
                return name in self.values
            case "tags":
                return not self.values.isdisjoint(tags)
            case "agents":
                return not self.values.isdisjoint(agents)
            case "profiles":
                return profile in self.values
            case _:
                return False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The part of a rule that decides.

    `states` belongs to state-entered, `breaking_only` to tools-changed. `hold` is how long the condition must
    be true before it is told, `keep` how long it must be over before that is told; a change of tools is told
    at once.
    """

    condition: Condition
    states: frozenset[State] = frozenset()
    hold: timedelta = timedelta(0)
    breaking_only: bool = False
    cooldown: timedelta = timedelta(minutes=5)
    keep: timedelta = timedelta(0)
    notify_recovery: bool = True


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One service as it is now.

    `measured` is what figures say of a rule that is about them, None where there are none.
    `entered` says that it came into its state just now, `asked` that a person wanted that. `sign_in` says
    that it answers and lets nobody in, which is no outage. `folded` says that it waits for a dependency whose
    own alert tells of the trouble. `tools_changed` and `tools_broken` (a breaking change among them) say what
    its last listing brought.
    """

    state: State
    not_serving_since: datetime | None
    entered: bool = False
    asked: bool = False
    sign_in: bool = False
    stopped: bool = False
    removed: bool = False
    archived: bool = False
    folded: bool = False
    tools_changed: bool = False
    tools_broken: bool = False
    measured: bool | None = None

    @classmethod
    def of_figures(cls, measured: bool | None, *, gone: bool = False) -> Situation:
        """Of what is no service: it has figures and no state."""
        return cls(state=State.HEALTHY, not_serving_since=None, measured=measured, removed=gone)

    @property
    def serving(self) -> bool:
        return self.state in SERVING

    @property
    def at_rest(self) -> bool:
        """Stopped on purpose, or gone; a service that gave up is not at rest."""
        return self.removed or self.stopped

    @property
    def between(self) -> bool:
        """Closed only to be started again; a service that gave up keeps its *not serving since*."""
        idle = self.state in (State.DISCONNECTING, State.DISCONNECTED)
        return idle and self.not_serving_since is None and not self.at_rest


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One stretch of one rule being true for one subject. Pending without `due_at`, it is folded.

    `clears_at` is when it ends if it does not become true again: a rule may keep firing for a while.
    """

    phase: Phase
    opened_at: datetime
    due_at: datetime | None
    fired_at: datetime | None = None
    ending: Ending | None = None
    clears_at: datetime | None = None


Step = tuple[Episode | None, Notice | None]


def holds(rule: Rule, now_is: Situation, *, told: bool = True) -> bool:
    """Whether an open episode goes on. One that was *told* lasts until the service serves again."""
    if rule.condition is Condition.TOOLS_CHANGED:
        return not now_is.removed
    if now_is.at_rest:
        return False
    if rule.condition in MEASURED:
        return now_is.measured is not False  # no figures are no end
    if now_is.between:
        return told  # how it is comes out when it has been started again
    if rule.condition is Condition.NEEDS_SIGN_IN:
        return now_is.sign_in or (told and not now_is.serving)
    named = rule.condition is Condition.STATE_ENTERED and now_is.state in rule.states
    return not now_is.sign_in and (named or not now_is.serving)


def opens(rule: Rule, now_is: Situation) -> bool:
    """Whether a new episode begins; a state that was entered before the rule was there does not count."""
    if rule.condition is Condition.TOOLS_CHANGED:
        return now_is.tools_broken if rule.breaking_only else now_is.tools_changed
    if now_is.at_rest or now_is.between:
        return False
    if rule.condition in MEASURED:
        return now_is.measured is True
    if now_is.sign_in or rule.condition is Condition.NEEDS_SIGN_IN:
        return now_is.sign_in and rule.condition is Condition.NEEDS_SIGN_IN
    if rule.condition is Condition.STATE_ENTERED:
        return now_is.entered and now_is.state in rule.states
    return not now_is.serving and now_is.not_serving_since is not None


def _due(rule: Rule, opened: datetime, last_fired: datetime | None) -> datetime:
    """When it fires: after the hold, but not before the previous one's cooldown is over."""
    due = opened
    if rule.condition is not Condition.TOOLS_CHANGED:
        due += rule.hold
    return due if last_fired is None else max(due, last_fired + rule.cooldown)


def _ending(now_is: Situation) -> Ending:
    if now_is.archived:
        return Ending.ARCHIVED
    if now_is.removed:
        return Ending.REMOVED
    if now_is.stopped:
        return Ending.STOPPED
    if now_is.between:
        return Ending.RESTARTED
    return Ending.SIGN_IN if now_is.sign_in else Ending.RECOVERED


def step(
    rule: Rule, episode: Episode | None, last_fired: datetime | None, now_is: Situation, now: datetime
) -> Step:
    """Where the episode of one rule and subject goes from here, and what to tell.

    *last_fired* is when the pair's previous episode fired. The same episode comes back when nothing moved.
    """
    if episode is None:
        if not opens(rule, now_is):
            return None, None
        at_once = rule.condition is Condition.TOOLS_CHANGED or rule.condition in MEASURED
        began = None if at_once else now_is.not_serving_since
        episode = Episode(phase=Phase.PENDING, opened_at=began or now, due_at=now)
    elif not holds(rule, now_is, told=episode.fired_at is not None):
        clears = episode.clears_at or now + rule.keep
        if rule.keep and episode.fired_at and now < clears and not now_is.at_rest:
            return replace(episode, clears_at=clears), None
        return end(rule, episode, _ending(now_is))
    elif episode.clears_at is not None:
        episode = replace(episode, clears_at=None)
    if episode.phase is not Phase.PENDING:
        stale = rule.condition is Condition.TOOLS_CHANGED  # it fired under another condition
        return end(rule, episode, Ending.RULE_CHANGED) if stale else (episode, None)
    if rule.condition in MEASURED and now_is.measured is None:
        return episode, None  # no figures fire nothing
    if now_is.folded and rule.condition is not Condition.TOOLS_CHANGED:
        return replace(episode, due_at=None), None
    due = _due(rule, episode.opened_at, last_fired)
    if episode.due_at is None:
        due = max(due, now + RESUMED)
    if now_is.asked:
        due = max(due, now + ASKED)
    episode = replace(episode, due_at=due)
    if due > now:
        return episode, None
    if rule.condition is Condition.TOOLS_CHANGED:
        # A change has no end that could be awaited: its episode is over as soon as it is told of.
        return replace(episode, phase=Phase.RESOLVED, fired_at=now, ending=Ending.TOLD), Notice.FIRING
    return replace(episode, phase=Phase.FIRING, fired_at=now), Notice.FIRING


def doubted_until(since: datetime | None, now: datetime, depends: bool) -> datetime | None:
    """Until when a dependency may turn out to be the cause; None where that is past, or none is there."""
    until = since + DOUBT if since and depends else None
    return until if until and now < until else None


def postpone(episode: Episode, until: datetime) -> Step:
    """The same, not yet firing."""
    return replace(episode, phase=Phase.PENDING, fired_at=None, due_at=until), None


def end(rule: Rule, episode: Episode, ending: Ending) -> Step:
    """Over: who heard of the trouble hears of its end, however that came."""
    over = replace(episode, phase=Phase.RESOLVED, ending=ending)
    told = episode.fired_at is not None and rule.notify_recovery
    return over, Notice.RESOLVED if told else None
