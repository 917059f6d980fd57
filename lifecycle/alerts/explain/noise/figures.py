"""The noise of each rule in one week, from its episodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count

from lifecycle.alerts.explain.noise.weeks import Week
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting.evaluate import Condition
from lifecycle.core.alerting.explain import noise
from lifecycle.core.alerting.explain.noise import Noise, Past
from lifecycle.models import AlertRule, Delivery, Episode

WITHOUT_HOLD = (Condition.TOOLS_CHANGED, Condition.MASS_FAILURE)


@dataclass(frozen=True, kw_only=True)
class RuleNoise:
    """One rule in one week; `messages` were delivered, reminders and recoveries among them."""

    rule: AlertRule
    noise: Noise
    hold: timedelta | None
    messages: int


def of(week: Week) -> list[RuleNoise]:
    """The noisiest first; three queries."""
    fired = Episode.objects.filter(fired_at__gte=week.begins, fired_at__lt=week.ends)
    fields = ("rule", "opened_at", "fired_at", "resolved_at", "acknowledged_at", "ending")
    past: defaultdict[int, list[Episode]] = defaultdict(list)
    for row in fired.only("id", *fields).iterator(chunk_size=2000):
        past[row.rule_id].append(row)
    sent = Delivery.objects.filter(episode__in=fired, delivered_at__isnull=False)
    counts = dict(sent.order_by().values_list("episode__rule").annotate(n=Count("id")))
    found = [_one(rule, past[rule.pk], counts.get(rule.pk, 0)) for rule in AlertRule.objects.order_by("name")]
    return sorted(found, key=lambda one: (-one.noise.brief, -one.noise.sent))


def _one(rule: AlertRule, rows: Sequence[Episode], messages: int) -> RuleNoise:
    pure = rule_values.rule_of(rule)
    hold = None if pure.condition in WITHOUT_HOLD else pure.hold
    return RuleNoise(
        rule=rule,
        noise=noise.of([_past(row, pure.keep) for row in rows], hold),
        hold=hold,
        messages=messages,
    )


def _past(row: Episode, keep: timedelta) -> Past:
    """What a rule keeps firing is no part of the problem."""
    over = row.resolved_at - keep if row.resolved_at else None
    return Past(
        lasted=max(over - row.opened_at, timedelta(0)) if over else None,
        after=max(over - row.fired_at, timedelta(0)) if over and row.fired_at else None,
        by_itself=row.ending == Episode.Ending.RECOVERED,
        acknowledged=row.acknowledged_at is not None,
    )
