"""When a rule will tell, if what it is about begins now, lasts, and nobody acknowledges it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lifecycle.core.alerting import escalation, evaluate
from lifecycle.core.alerting.escalation import Step
from lifecycle.core.alerting.evaluate import Condition, Notice, Rule, Situation
from lifecycle.core.alerting.explain import replay, telling
from lifecycle.core.alerting.explain.course import Seen
from lifecycle.core.alerting.explain.telling import Fired, Told
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State

WHO = "it"
HORIZON = timedelta(days=8)
SHOWN_AT_MOST = 5
BACK_AFTER, AGAIN_AFTER = timedelta(seconds=20), timedelta(seconds=40)
"""Of the second failure that the forecast tells of: after the first has fired."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The rule and what its messages pass through.

    `kinds` are those of its enabled channels, `others` of the enabled ones of its `steps`, by their ids.
    """

    rule: Rule
    level: str
    reminder: timedelta = timedelta(0)
    pacing: Pacing = Pacing()
    kinds: Mapping[int, str] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    others: Mapping[int, str] = field(default_factory=dict)
    depends: bool = False


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """`fires` is when the alert begins, `sent` the messages by channel, as (moment, what).

    `more`: reminders go on after the last. `again` is when a second failure soon after is told; `recovery`
    how long after it serves again its end is, None where nobody is told of it.
    """

    fires: datetime | None
    sent: dict[int, list[tuple[datetime, Notice]]]
    more: bool
    again: datetime | None
    recovery: timedelta | None


def begins(rule: Rule, now: datetime) -> Situation:
    """A service for which the rule's condition becomes true at this moment."""
    if rule.condition is Condition.TOOLS_CHANGED:
        return Situation(state=State.HEALTHY, not_serving_since=None, tools_changed=True, tools_broken=True)
    if rule.condition in evaluate.MEASURED:
        return Situation(state=State.HEALTHY, not_serving_since=None, measured=True)
    named = sorted(rule.states) if rule.condition is Condition.STATE_ENTERED else []
    state = next(
        (one for one in named if one is State.RECONNECTING), named[0] if named else State.RECONNECTING
    )
    sign_in = rule.condition is Condition.NEEDS_SIGN_IN
    serving = Situation(state=state, not_serving_since=None).serving
    since = None if serving else now
    return Situation(state=state, not_serving_since=since, entered=True, sign_in=sign_in)


def ends(here: Situation) -> Situation:
    """The same service when all is well again."""
    well = replace(here, state=State.HEALTHY, not_serving_since=None, entered=True, sign_in=False)
    return replace(well, measured=False if here.measured is not None else None, tools_changed=False)


def fires_at(plan: Plan, now: datetime, last_fired: datetime | None = None) -> datetime | None:
    """When it fires if it begins *now* and lasts; None where that never is."""
    if plan.rule.condition is Condition.MASS_FAILURE:
        return now
    seen = [Seen(at=now, here=begins(plan.rule, now))]
    steps = replay.run(plan.rule, seen, now + HORIZON, last_fired=last_fired, depends=plan.depends)
    return next((step.at for step in steps if step.notice is Notice.FIRING), None)


def forecast(plan: Plan, now: datetime) -> Forecast:
    """All that would be sent from *now* on, the first few of it."""
    fires = fires_at(plan, now)
    if fires is None:
        return Forecast(fires=None, sent={}, more=False, again=None, recovery=None)
    sent = {channel: _sent(plan, channel, fires) for channel in dict.fromkeys([*plan.kinds, *plan.others])}
    return Forecast(
        fires=fires,
        sent={channel: found[:SHOWN_AT_MOST] for channel, found in sent.items() if found},
        more=any(len(found) > SHOWN_AT_MOST for found in sent.values()),
        again=_again(plan, fires),
        recovery=_recovery(plan, fires),
    )


def _sent(plan: Plan, channel: int, fires: datetime) -> list[tuple[datetime, Notice]]:
    kind = plan.kinds.get(channel) or plan.others[channel]
    own = _own(plan, fires) if channel in plan.kinds else []
    items = [*own, *_turns(plan, channel, fires)]
    found = telling.messages(items, kind, plan.level, plan.pacing)
    return [(message.at, message.told[0].notice) for message in found]


def _own(plan: Plan, fires: datetime) -> list[Told]:
    """What the rule's own channels are told."""
    until = fires + max(plan.reminder * (SHOWN_AT_MOST + 1), timedelta(seconds=1))
    once = plan.rule.condition is Condition.TOOLS_CHANGED
    return telling.told(Fired(who=WHO, at=fires, once=once), until, plan.reminder, recovery=False)


def _turns(plan: Plan, channel: int, fires: datetime) -> Iterator[Told]:
    """What the escalation tells this one."""
    if plan.rule.condition is Condition.TOOLS_CHANGED:
        return
    notice = Notice.REMINDER if channel in plan.kinds else Notice.FIRING
    for at, turn in escalation.plan(plan.steps, set(plan.others), fires):
        if channel in turn.channels:
            yield Told(at=at, notice=notice, fired=Fired(who=WHO, at=fires))
            notice = Notice.REMINDER


def _again(plan: Plan, fires: datetime) -> datetime | None:
    """When a second failure, soon after the first, fires; None where the cooldown does not put it off."""
    if plan.rule.condition is Condition.MASS_FAILURE:
        return fires + plan.rule.cooldown if plan.rule.cooldown else None
    second = fires + AGAIN_AFTER
    found, usual = fires_at(plan, second, fires), fires_at(plan, second)
    return found if found != usual else None


def _recovery(plan: Plan, fires: datetime) -> timedelta | None:
    """From serving again to the end, by the evaluator."""
    rule = plan.rule
    if not rule.notify_recovery or rule.condition is Condition.TOOLS_CHANGED:
        return None
    if rule.condition is Condition.MASS_FAILURE:
        return timedelta(0)
    begun = fires - rule.hold
    here, well = begins(rule, begun), fires + BACK_AFTER
    seen = [Seen(at=begun, here=here), Seen(at=well, here=ends(here))]
    steps = replay.run(rule, seen, well + HORIZON, depends=plan.depends)
    return next((step.at - well for step in steps if step.notice is Notice.RESOLVED), None)
