"""A back-test as sentences and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from lifecycle.alerts.explain.backtest import Alert, Day, Result, kept_days
from lifecycle.core.alerting.subjects import BESIDE
from lifecycle.models import AlertRule
from lifecycle.pages import humanize

SERVICES_NAMED = 5
STOPPED = {
    "time": lazy("It took too long: only %(n)d of %(of)d services were evaluated."),
    "asked": lazy("Stopped: only %(n)d of %(of)d services were evaluated."),
    "alerts": lazy("Too many alerts: only %(n)d of %(of)d services were evaluated."),
}


@dataclass(frozen=True, kw_only=True)
class DayRow:
    iso: str
    alerts: int
    services: str


@dataclass(frozen=True, kw_only=True)
class AlertLine:
    iso: str
    at: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Tried:
    """All that the page shows of a back-test."""

    head: str
    notes: Sequence[str]
    count: int
    days: Sequence[DayRow]
    listed: str
    alerts: Sequence[AlertLine]


def tried(rule: AlertRule, found: Result) -> Tried:
    if not found.recorded:
        return Tried(head=_unrecorded(rule), notes=[], count=0, days=[], listed="", alerts=[])
    return Tried(
        head=_head(found),
        notes=list(notes(rule, found)),
        count=found.count + found.hushed,
        days=[_day(day) for day in found.days],
        listed=_("The last %(n)d alerts") % {"n": len(found.alerts)},
        alerts=[_alert(alert) for alert in found.alerts],
    )


def _unrecorded(rule: AlertRule) -> str:
    match AlertRule.Condition(rule.condition):
        case AlertRule.Condition.BUDGET_BURN:
            return _(
                "Cannot be back-tested: only the current burn rate of a budget is recorded, not its history."
            )
        case AlertRule.Condition.UNUSUALLY_SLOW:
            return _("Cannot be back-tested: only the current baseline is recorded, not its history.")
        case AlertRule.Condition.METRIC:
            return _("Cannot be back-tested: single checks are only kept for a short time.")
        case AlertRule.Condition.UPSTREAM:
            return _("Cannot be back-tested: only the registry's current answer is recorded.")
        case AlertRule.Condition.CERTIFICATE:
            return _("Cannot be back-tested: only the current certificate is recorded.")
        case AlertRule.Condition.ACCESS:
            return _("Cannot be back-tested: only current sign-ins and tokens are recorded.")
        case condition if condition.value in BESIDE:
            return _("Cannot be back-tested: a back-test runs over services, and this rule watches none.")
        case _:
            return _("Cannot be back-tested: this condition has no recorded history.")


def _head(found: Result) -> str:
    days = (found.until - found.since).days
    values = {"n": found.count, "days": days}
    text = ngettext(
        "%(n)d alert would have been sent in the last %(days)d days.",
        "%(n)d alerts would have been sent in the last %(days)d days.",
        found.count,
    )
    return text % values


def notes(rule: AlertRule, found: Result) -> Iterator[str]:
    """What was counted besides, what was not looked at, and what it rests on."""
    yield from _counts(found)
    yield from _gaps(found)
    if rule.condition == AlertRule.Condition.METRIC:
        yield _("Measured in steps of 5 minutes: a live alert may fire a few minutes earlier.")
        if (days := kept_days(rule)) is not None:
            yield _("5-minute figures are kept for %(n)d days.") % {"n": days}
    yield _("Uses today's services, tags and dependencies; removed services are not included.")


def _counts(found: Result) -> Iterator[str]:
    if found.reminders:
        yield _("Reminders: %(n)d, because a back-test assumes that nobody acknowledges.") % {
            "n": found.reminders
        }
    if found.recoveries:
        yield _("Recovery notices: %(n)d.") % {"n": found.recoveries}
    if found.hushed:
        yield _("Held back by silences or maintenance: %(n)d.") % {"n": found.hushed}
    for channel, count in found.sent:
        values = {"channel": channel, "n": count}
        yield _("Messages to %(channel)s: %(n)d, simultaneous alerts grouped as usual.") % values


def _gaps(found: Result) -> Iterator[str]:
    if found.stopped:
        values = {"n": found.covered, "of": found.services}
        yield str(STOPPED[found.stopped]) % values
    if found.cut:
        names = {"names": ", ".join(found.cut[:SERVICES_NAMED])}
        yield _("Too many changes to evaluate completely: %(names)s.") % names
    if found.begins is not None:
        yield _("History begins at %(at)s.") % {"at": humanize.local(found.begins)}
    if found.blind:
        blind = humanize.lasting(found.blind)
        yield _("No worker was running for %(span)s of this time: nothing was recorded.") % {"span": blind}


def _day(day: Day) -> DayRow:
    named = [f"{name} ({count})" if count > 1 else name for name, count in day.services[:SERVICES_NAMED]]
    more = len(day.services) - SERVICES_NAMED
    text = ", ".join(named) + (_(" and %(n)d more") % {"n": more} if more > 0 else "")
    return DayRow(iso=day.day.isoformat(), alerts=day.alerts, services=text)


def _alert(alert: Alert) -> AlertLine:
    if alert.told is None:
        text = _("%(who)s: held back by a silence or maintenance") % {"who": alert.who}
    elif alert.ended is None:
        text = alert.who
    else:
        text = _("%(who)s, ended after %(span)s") % {
            "who": alert.who,
            "span": humanize.lasting(alert.ended - alert.at),
        }
    at = alert.told or alert.at
    return AlertLine(iso=humanize.iso(at), at=humanize.local(at), text=text)
