"""What a rule as it stands would have sent lately: the evaluator over what is on record, service by service.

Bounded: one run at a time for each person and a few for all, so many seconds, so many alerts. What was not
reached is counted and said.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings

from lifecycle.alerts.explain import courses, past
from lifecycle.alerts.explain.past import Hush
from lifecycle.alerts.outbox import pacing
from lifecycle.alerts.rules import steps as rule_steps
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting.evaluate import Ending, Notice, Phase
from lifecycle.core.alerting.explain import replay, telling
from lifecycle.core.alerting.explain.replay import Stepped
from lifecycle.core.alerting.explain.telling import Fired, Told
from lifecycle.core.alerting.measured import FLAPPING_WITHIN
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import AlertRule, Channel, MassFailure, MonitoringGap, StateChange
from lifecycle.monitoring.settings import queries as monitoring
from registry.models import Service

MANY = Subject(kind=Kind.FLEET).words
DAYS = 14
BATCH = 100
BUDGET_S = 20.0
ALERTS_AT_MOST = 50_000
LISTED_AT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert that would have fired; `told` is when, None where a silence or maintenance lasted longer."""

    who: str
    at: datetime
    ended: datetime | None
    told: datetime | None
    reminders: int


@dataclass(frozen=True, kw_only=True)
class Day:
    """One local day: alerts told, and the services they were of with how many each."""

    day: date
    alerts: int
    services: Sequence[tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came out, the newest first. `sent` counts messages by channel.

    `covered` of `services` were looked at; `cut` names those that change too often to be read to the end.
    `stopped` is why not all were: "time", "asked" or "alerts"; empty where all were.
    """

    since: datetime
    until: datetime
    recorded: bool
    alerts: Sequence[Alert] = ()
    count: int = 0
    hushed: int = 0
    reminders: int = 0
    recoveries: int = 0
    days: Sequence[Day] = ()
    sent: Sequence[tuple[str, int]] = ()
    services: int = 0
    covered: int = 0
    cut: Sequence[str] = ()
    stopped: str = ""
    begins: datetime | None = None
    blind: timedelta = timedelta(0)


@dataclass
class _Found:
    fired: list[Fired] = field(default_factory=list)
    covered: int = 0
    services: int = 0
    cut: list[str] = field(default_factory=list)
    stopped: str = ""


def recorded(rule: AlertRule) -> bool:
    """Whether the rule's condition can be tried on the past at all."""
    return rule.condition == AlertRule.Condition.MASS_FAILURE or courses.recorded(rule)


def run(
    rule: AlertRule,
    channels: Sequence[Channel],
    now: datetime,
    *,
    days: int = DAYS,
    stop: Callable[[], bool] = lambda: False,
    budget_s: float = BUDGET_S,
) -> Result:
    """*rule* need not be saved. *stop* is asked between services; *budget_s* is in seconds."""
    since = now - timedelta(days=days)
    if not recorded(rule):
        return Result(since=since, until=now, recorded=False)
    ends = time.monotonic() + budget_s
    if rule.condition == AlertRule.Condition.MASS_FAILURE:
        found = _of_all(rule, since, now)
    else:
        found = _of_each(rule, since, now, lambda: "asked" if stop() else _late(ends))
    return _result(rule, channels, found, since, now)


def _late(ends: float) -> str:
    return "time" if time.monotonic() > ends else ""


def _of_each(rule: AlertRule, since: datetime, now: datetime, halt: Callable[[], str]) -> _Found:
    found, hushes = _Found(), past.hushes(since, now)
    scopes = rule_values.Scopes()
    every = [one for one in Service.objects.listed().order_by("pk") if scopes.cover(rule, one)]
    found.services = len(every)
    for start in range(0, len(every), BATCH):
        part = {service.pk: service for service in every[start : start + BATCH]}
        record = past.read(list(part), since - FLAPPING_WITHIN, now)
        found.cut += [part[key].name for key in record.cut if key in part]
        for key, steps in courses.steps(rule, list(part), since, now, record):
            found.stopped = halt() or ("alerts" if len(found.fired) > ALERTS_AT_MOST else "")
            if found.stopped:
                return found
            found.fired += _fired(steps, part[key], rule, hushes)
            found.covered += 1
    return found


def _fired(
    steps: Sequence[Stepped], service: Service, rule: AlertRule, hushes: Sequence[Hush]
) -> Iterator[Fired]:
    """The alerts among the steps; of one that began before, the end is not told here."""
    hushed = [(hush.begin, hush.end) for hush in hushes if hush.covers(service, rule)]
    at: datetime | None = None
    for step in steps:
        if step.notice is Notice.FIRING:
            at = step.at
        if step.after.phase is Phase.RESOLVED and at is not None:
            once = step.after.ending is Ending.TOLD
            yield Fired(who=service.name, at=at, ended=None if once else step.at, hushed=hushed, once=once)
            at = None
    if at is not None:
        yield Fired(who=service.name, at=at, hushed=hushed)


def _of_all(rule: AlertRule, since: datetime, now: datetime) -> _Found:
    rows = MassFailure.objects.filter(began_at__gte=since).order_by("began_at")
    spells = [(row.began_at, row.ended_at) for row in rows]
    hushed = [(hush.begin, hush.end) for hush in past.hushes(since, now) if hush.covers(None, rule)]
    cooldown = timedelta(seconds=rule.cooldown_seconds)
    fired = [
        Fired(who=MANY, at=at, ended=ended, hushed=hushed)
        for at, ended in replay.mass_failures(spells, cooldown, now)
    ]
    return _Found(fired=fired)


def _result(
    rule: AlertRule, channels: Sequence[Channel], found: _Found, since: datetime, now: datetime
) -> Result:
    every, recovery = timedelta(seconds=rule.reminder_seconds), rule.notify_recovery
    told = {id(fired): telling.told(fired, now, every, recovery) for fired in found.fired}
    items = [item for parts in told.values() for item in parts]
    first = Counter(item.notice for item in items)
    alerts = sorted((_alert(fired, told[id(fired)]) for fired in found.fired), key=lambda one: one.at)
    return Result(
        since=since,
        until=now,
        recorded=True,
        alerts=alerts[: -LISTED_AT_MOST - 1 : -1],
        count=first[Notice.FIRING],
        hushed=len(found.fired) - first[Notice.FIRING],
        reminders=first[Notice.REMINDER],
        recoveries=first[Notice.RESOLVED],
        days=_days(items, since, now),
        sent=_sent(rule, channels, items, found.fired, now),
        services=found.services,
        covered=found.covered,
        cut=found.cut,
        stopped=found.stopped,
        begins=_begins(since),
        blind=_blind(since, now),
    )


def _alert(fired: Fired, items: Sequence[Told]) -> Alert:
    return Alert(
        who=fired.who,
        at=fired.at,
        ended=fired.ended,
        told=items[0].at if items else None,
        reminders=sum(item.notice is Notice.REMINDER for item in items),
    )


def _days(items: Sequence[Told], since: datetime, now: datetime) -> list[Day]:
    """Each local day, the newest first, those without an alert too."""
    zone = settings.SHOWN_TIME_ZONE
    by_day: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for item in items:
        if item.notice is Notice.FIRING:
            by_day[item.at.astimezone(zone).date()][item.fired.who] += 1
    day, first, found = now.astimezone(zone).date(), since.astimezone(zone).date(), list[Day]()
    while day >= first:
        counts = by_day[day]
        found.append(Day(day=day, alerts=counts.total(), services=counts.most_common()))
        day -= timedelta(days=1)
    return found


def _sent(
    rule: AlertRule, channels: Sequence[Channel], items: Sequence[Told], fired: Sequence[Fired], now: datetime
) -> list[tuple[str, int]]:
    """Messages by channel, those of the rule's steps too."""
    pace, steps = pacing.current(), rule_steps.of(rule)
    own = {channel.pk: channel for channel in channels if channel.enabled}
    others = {pk: channel for pk, channel in rule_steps.named(steps).items() if channel.enabled}
    parts: dict[int, list[Told]] = {pk: list(items) for pk in own} | {
        pk: [] for pk in others if pk not in own
    }
    for one in fired if steps else ():
        for channel, told in telling.escalated(one, now, rule.notify_recovery, steps, own, others):
            parts[channel].append(told)
    every = others | own
    return [
        (every[pk].name, len(telling.messages(told, every[pk].kind, rule.level, pace)))
        for pk, told in parts.items()
    ]


def _begins(since: datetime) -> datetime | None:
    """When the record begins, if that is later."""
    first = StateChange.objects.order_by("at").values_list("at", flat=True).first()
    return first if first is not None and first > since else None


def _blind(since: datetime, now: datetime) -> timedelta:
    """How long nobody looked after any service."""
    rows = MonitoringGap.objects.filter(service=None, began_at__lt=now)
    lengths = [
        min(ended or now, now) - max(began, since)
        for began, ended in rows.values_list("began_at", "ended_at")
        if (ended or now) > since
    ]
    return sum(lengths, timedelta(0))


def kept_days(rule: AlertRule) -> int | None:
    """For how many days what the rule measures is kept, where that is less than is asked for."""
    kept = monitoring.current().five_minutes_retention_days
    return kept if rule.condition == AlertRule.Condition.METRIC and kept < DAYS else None
