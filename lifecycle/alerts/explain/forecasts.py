"""When a rule as it stands in its form will tell, by `core.alerting.explain.forecast`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from lifecycle.alerts.outbox import pacing
from lifecycle.alerts.presenter import DELIVERY_KINDS
from lifecycle.alerts.rules import steps as rule_steps
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting.evaluate import DOUBT, MEASURED, Condition, Notice
from lifecycle.core.alerting.explain import forecast
from lifecycle.core.alerting.explain.forecast import Forecast, Plan
from lifecycle.core.alerting.measured import SILENT_AFTER
from lifecycle.models import AlertRule, Channel
from lifecycle.monitoring.settings import queries as monitoring
from lifecycle.pages import humanize

AT_ONCE = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message to come: how long after the beginning, its moment, and what it is."""

    after: str
    at: datetime
    iso: str
    clock: str
    notice: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One channel, or several that are told alike."""

    channels: str
    told: Sequence[Told]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that the form shows of it. `rows` is empty where nobody is told; `notes` are sentences."""

    began: datetime
    fires: Told | None
    rows: Sequence[Row]
    notes: Sequence[str]


def plan_of(rule: AlertRule, channels: Iterable[Channel]) -> Plan:
    """*rule* need not be saved."""
    found = rule_steps.of(rule)
    return Plan(
        rule=rule_values.rule_of(rule),
        level=rule.level,
        reminder=timedelta(seconds=rule.reminder_seconds),
        pacing=pacing.current(),
        kinds=_enabled(channels),
        steps=found,
        others=_enabled(rule_steps.named(found).values()),
    )


def _enabled(channels: Iterable[Channel]) -> dict[int, str]:
    return {channel.pk: channel.kind for channel in channels if channel.enabled}


def of(rule: AlertRule, channels: Sequence[Channel], now: datetime) -> Page:
    """What would be sent if what the rule is about began now and lasted."""
    plan = plan_of(rule, channels)
    found = forecast.forecast(plan, now)
    others = rule_steps.named(plan.steps)
    known = {channel.pk: channel.name for channel in [*others.values(), *channels]}
    alike: dict[tuple[tuple[datetime, Notice], ...], list[str]] = {}
    for number, told in found.sent.items():
        alike.setdefault(tuple(told), []).append(known[number])
    return Page(
        began=now,
        fires=_told(now, found.fires, Notice.FIRING) if found.fires else None,
        rows=[_row(names, told, found.more, now) for told, names in sorted(alike.items())],
        notes=list(_notes(rule, plan, found, channels, now)),
    )


def _row(names: Sequence[str], told: Sequence[tuple[datetime, Notice]], more: bool, now: datetime) -> Row:
    long = more and len(told) == forecast.SHOWN_AT_MOST
    return Row(channels=", ".join(names), told=[_told(now, *one) for one in told], more=long)


def _told(now: datetime, at: datetime, notice: Notice) -> Told:
    wait = at - now
    return Told(
        after=_("immediately") if wait <= AT_ONCE else _("after %(span)s") % {"span": humanize.lasting(wait)},
        at=at,
        iso=humanize.iso(at),
        clock=humanize.local(at),
        notice=str(DELIVERY_KINDS[notice.value]),
        seconds=round(wait.total_seconds(), 3),
    )


def _notes(
    rule: AlertRule, plan: Plan, found: Forecast, channels: Sequence[Channel], now: datetime
) -> Iterable[str]:
    if not rule.enabled:
        yield _("The rule is disabled: nothing is sent.")
    if not monitoring.current().alerts_enabled:
        yield _("Alerts are disabled in Monitoring settings: nothing is sent.")
    if not plan.kinds:
        yield _("No enabled channel is selected: alerts show only on the Alerts page.")
    for channel in channels:
        if not channel.enabled:
            yield _("Channel %(name)s is disabled.") % {"name": channel.name}
    if found.fires is None:
        yield _("The condition alone never fires this rule.")
        return
    if found.again is not None:
        values = {"at": humanize.local(found.again)}
        yield _("If it recovers and fails again soon after, the next alert waits until %(at)s.") % values
    if found.recovery is None:
        yield _("No recovery notice is sent.")
    elif found.recovery > AT_ONCE:
        yield _("The recovery notice is sent %(span)s after the service is serving again.") % {
            "span": humanize.lasting(found.recovery)
        }
    if plan.rule.condition is Condition.WORKER_SILENT:
        values = {"span": humanize.lasting(SILENT_AFTER)}
        yield _("A worker counts as silent after %(span)s without a heartbeat.") % values
    elif plan.rule.condition in MEASURED:
        yield _("Measurements are evaluated every 30 s, so it may take up to 30 s longer.")
    elif (
        plan.rule.condition not in (Condition.TOOLS_CHANGED, Condition.MASS_FAILURE)
        and plan.rule.hold < DOUBT
    ):
        values = {"span": humanize.lasting(DOUBT)}
        yield (
            _("An alert for a service that depends on others is sent after %(span)s at the earliest.")
            % values
        )
