"""Warnings about rules: facts from the database for `core.alerting.explain.lint`, and its words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.explain import past
from lifecycle.alerts.explain.past import Hush
from lifecycle.alerts.outbox import pacing
from lifecycle.alerts.rules import steps
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import measured
from lifecycle.core.alerting.explain import lint
from lifecycle.core.alerting.explain.lint import Code, Looked, Warning, Way, World
from lifecycle.core.alerting.measured import Metric
from lifecycle.core.alerting.subjects import BESIDE
from lifecycle.core.policy.policy import PROFILES, Policy
from lifecycle.models import AlertRule, Channel, Delivery, ServicePolicy, Slo
from lifecycle.pages import humanize
from lifecycle.policies import operations as policies
from registry.models import Service, Transport
from registry.models.limits import current

ADAPTIVE_MOST = 3
"""So many times the timeout an answer may take where the timeout adapts."""
SERVICES_ASKED = 500
"""Of so many services at most it is looked at when they are silenced: one that is not is found soon."""
WORDS: Mapping[Code, str | Promise] = {
    Code.MATCHES_NOTHING: lazy("No services are in its scope."),
    Code.ALWAYS_SILENCED: lazy("All its services are silenced continuously until %(until)s."),
    Code.NO_CHANNEL: lazy("It has no channel: its alerts show only on the Alerts page."),
    Code.CHANNELS_OFF: lazy("None of its channels is enabled: %(name)s."),
    Code.CHANNELS_FAIL: lazy("The last message through each of its channels was not delivered: %(name)s."),
    Code.SHADOWED: lazy(
        "Rule “%(name)s” already sends everything this rule does, through the same channels."
    ),
    Code.ENDS_EARLY: lazy(
        "It keeps firing for only %(span)s, less than a problem must last: intermittent problems alert "
        "again each time."
    ),
    Code.NEVER_REACHED: lazy("The threshold can never be exceeded."),
    Code.NEVER_GIVES_UP: lazy("No policy gives up on a service, so this state is never entered."),
    Code.NO_TARGET: lazy("There are no targets, so no budget can burn."),
    Code.REMINDS_OFTEN: lazy("Its reminders are grouped: a channel sends every %(span)s at most."),
}

Row = tuple[int, str, list[str], str]


@dataclass(frozen=True, kw_only=True)
class Note:
    """One warning in words."""

    code: str
    text: str


def of(rules: Sequence[AlertRule], now: datetime) -> dict[int, list[Note]]:
    """By rule; a dozen queries for all together. None for people of a scope, who see a part."""
    if current():
        return {rule.pk: [] for rule in rules}
    every = list(AlertRule.objects.prefetch_related("channels").order_by("pk"))
    rows: list[Row] = list(Service.objects.listed().values_list("pk", "name", "tags", "profile"))
    failing = _failing()
    programs = set(Service.objects.listed().filter(transport=Transport.STDIO).values_list("pk", flat=True))
    own = [row for row in rows if row[0] in programs]
    looked = {rule.pk: _looked(rule, own if _of_programs(rule) else rows, failing) for rule in every}
    world = replace(_world(bool(rows)), others=list(looked.values()))
    hushes = past.hushes(now, now + lint.SILENT_FOR)
    return {
        rule.pk: [
            _note(found)
            for found in lint.warnings(looked[rule.pk], world, now, _silent(rule, rows, hushes, now))
        ]
        for rule in rules
        if rule.pk in looked
    }


def _looked(rule: AlertRule, rows: Sequence[Row], failing: Collection[int]) -> Looked:
    every = rule.scope.get("kind", "all") == "all" and not _of_programs(rule)
    return Looked(
        number=rule.pk,
        name=rule.name,
        level=rule.level,
        rule=rule_values.rule_of(rule),
        enabled=rule.enabled,
        covers=None if every else frozenset(row[0] for row in _covered(rule, rows)),
        ways=[_way(channel, failing) for channel in _channels(rule)],
        metric=Metric(rule.metric) if rule.metric in list(Metric) else Metric.CONSECUTIVE_FAILURES,
        of_host=rule.metric if rule.condition == AlertRule.Condition.HOST else "",
        threshold=rule.threshold,
        window=timedelta(seconds=rule.window_seconds),
        reminder=timedelta(seconds=rule.reminder_seconds),
    )


def _of_programs(rule: AlertRule) -> bool:
    """Whether it looks at services that the console starts, alone."""
    return rule.condition == AlertRule.Condition.METRIC and rule.metric in measured.OF_PROCESSES


def _covered(rule: AlertRule, rows: Sequence[Row]) -> list[Row]:
    scopes = rule_values.Scopes()
    return [row for row in rows if scopes.covers(rule, *row[1:])]


def _channels(rule: AlertRule) -> list[Channel]:
    """Its own, and those of its escalation."""
    others = steps.named(steps.of(rule)) if rule.steps else {}
    return [*rule.channels.all(), *others.values()]


def _way(channel: Channel, failing: Collection[int]) -> Way:
    return Way(name=channel.name, enabled=channel.enabled, fails=channel.pk in failing)


def _failing() -> set[int]:
    """Channels whose last message that came to an end was given up."""
    over = Delivery.objects.filter(group=None).exclude(
        state__in=[Delivery.State.QUEUED, Delivery.State.SUPERSEDED]
    )
    last = over.order_by().values("channel").annotate(last=Max("pk")).values("last")
    dead = Delivery.objects.filter(pk__in=list(last.values_list("last", flat=True)))
    return set(dead.filter(state=Delivery.State.DEAD).values_list("channel", flat=True))


def _world(any_service: bool) -> World:
    shipped = [policies.profile(name) for name in PROFILES]
    own = list(ServicePolicy.objects.values_list("changes", flat=True))
    times = [_longest(policy) for policy in shipped]
    times += [ADAPTIVE_MOST * float(one["ping_timeout"]) for one in own if one.get("ping_timeout")]
    return World(
        any_service=any_service,
        any_target=Slo.objects.exists(),
        gives_up=any(policy.give_up_after for policy in shipped)
        or any(one.get("give_up_after") for one in own),
        longest_answer=timedelta(seconds=max(times)),
        interval=pacing.current().interval,
    )


def _longest(policy: Policy) -> float:
    return policy.ping_timeout.total_seconds() * (ADAPTIVE_MOST if policy.adaptive else 1)


def _silent(rule: AlertRule, rows: Sequence[Row], hushes: Sequence[Hush], now: datetime) -> datetime | None:
    """Until when every service of the rule is silenced; None as soon as one is found that is not."""
    if not hushes:
        return None
    if rule.condition in BESIDE:
        return lint.silent_until(_spells(hushes, None, [], rule), now)
    soonest: datetime | None = None
    for _key, name, tags, _profile in _covered(rule, rows)[:SERVICES_ASKED]:
        until = lint.silent_until(_spells(hushes, name, tags, rule), now)
        if until is None or until < now + lint.SILENT_FOR:
            return None
        soonest = min(soonest or until, until)
    return soonest


def _spells(
    hushes: Sequence[Hush], name: str | None, tags: Collection[str], rule: AlertRule
) -> list[tuple[datetime, datetime]]:
    return [(hush.begin, hush.end) for hush in hushes if hush.planned and hush.of(name, tags, rule)]


def _note(found: Warning) -> Note:
    values = {
        "name": found.name,
        "until": humanize.local(found.until) if found.until else "",
        "span": humanize.lasting(found.span) if found.span else "",
    }
    return Note(code=found.code.value, text=str(WORDS[found.code]) % values)
