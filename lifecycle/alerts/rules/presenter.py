"""Rules as words for the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.presenter import LEVELS
from lifecycle.alerts.rules import steps as rule_steps
from lifecycle.alerts.rules.forms import RESPONSES
from lifecycle.alerts.rules.lint import Note
from lifecycle.core.alerting.measured import HostMetric, Metric
from lifecycle.core.timing.durations import number
from lifecycle.models import AlertRule, Channel
from lifecycle.pages.humanize import lasting
from lifecycle.services.presenter import STATE_WORDS

BESIDE_WORDS: Mapping[str, Any] = {
    AlertRule.Condition.WORKER_SILENT: lazy("All workers"),
    AlertRule.Condition.HOST: lazy("All worker hosts"),
}
"""The scope of rules that are of no services."""
MEASURED: Mapping[str, Any] = {
    Metric.ERROR_RATE.value: lazy("Error rate of checks above %(n)s %%"),
    Metric.RESPONSE_TIME.value: lazy("Average response time above %(n)s s"),
    Metric.AVAILABILITY.value: lazy("Availability below %(n)s %%"),
    Metric.CONSECUTIVE_FAILURES.value: lazy("More than %(n)s failed checks in a row"),
    Metric.CALL_ERROR_RATE.value: lazy("Error rate of tool calls above %(n)s %%"),
    Metric.CALL_TIME.value: lazy("Average tool call time above %(n)s s"),
    Metric.PROCESS_CPU.value: lazy("CPU of a stdio service above %(n)s %% of one core"),
    Metric.PROCESS_MEMORY.value: lazy("Memory of a stdio service above %(n)s MB"),
}
SHARES = {Metric.ERROR_RATE.value, Metric.AVAILABILITY.value, Metric.CALL_ERROR_RATE.value}
"""Their thresholds are parts of one, and said in percent."""
OF_HOSTS: Mapping[str, Any] = {
    HostMetric.CPU.value: lazy("Host CPU above %(n)s %%"),
    HostMetric.MEMORY.value: lazy("Host memory above %(n)s %%"),
    HostMetric.DISK.value: lazy("Host disk above %(n)s %%"),
}


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One line of the rules page."""

    row: AlertRule
    level: str
    level_css: str
    condition: str
    scope: str
    channels: list[Channel]
    steps: list[str]
    warnings: Sequence[Note] = ()


def rule_row(row: AlertRule, warnings: Sequence[Note] = ()) -> RuleRow:
    level, level_css = LEVELS[row.level]
    return RuleRow(
        row=row,
        level=str(level),
        level_css=level_css,
        condition=_condition(row),
        scope=_scope(row),
        channels=list(row.channels.all()),
        steps=_steps(row),
        warnings=warnings,
    )


def _steps(row: AlertRule) -> list[str]:
    """Its escalation, a line for each step."""
    found = rule_steps.of(row)
    named = rule_steps.named(found)
    lines = []
    for step in found:
        names = ", ".join(named[number].name for number in step.channels if number in named) or "–"
        values = {"span": lasting(step.wait), "names": names, "n": step.repeat + 1}
        text = _("after %(span)s, %(n)d times: %(names)s") if step.repeat else _("after %(span)s: %(names)s")
        lines.append(text % values)
    if row.response:
        lines.append(_("action: %(what)s") % {"what": dict(RESPONSES)[row.response]})
    return lines


def _condition(row: AlertRule) -> str:
    match AlertRule.Condition(row.condition):
        case AlertRule.Condition.MASS_FAILURE:
            return _("More than half of all services fail at once")
        case AlertRule.Condition.TOOLS_CHANGED:
            return _("A tool has a breaking change") if row.breaking_only else _("A tool changes")
        case AlertRule.Condition.NOT_SERVING_FOR:
            return _("Not serving for %(span)s") % {"span": lasting(timedelta(seconds=row.seconds))}
        case AlertRule.Condition.METRIC:
            limit = row.threshold * 100 if row.metric in SHARES else row.threshold
            what = str(MEASURED.get(row.metric, row.metric))
            return _lasting_for(row, what % {"n": number(round(limit, 6))})
        case AlertRule.Condition.BUDGET_BURN:
            return _lasting_for(row, _("An error budget burns too fast"))
        case AlertRule.Condition.UNUSUALLY_SLOW:
            return _lasting_for(row, _("Unusually slow"))
        case AlertRule.Condition.FLAPPING:
            return _lasting_for(row, _("Flapping"))
        case AlertRule.Condition.WORKER_SILENT:
            return _lasting_for(row, _("A worker is silent"))
        case AlertRule.Condition.ACCESS:
            return _("A sign-in or API token expires within %(n)s days") % {"n": number(row.threshold)}
        case AlertRule.Condition.UPSTREAM:
            return _("Its server is deprecated or deleted upstream")
        case AlertRule.Condition.CERTIFICATE:
            return _("The certificate expires within %(n)s days") % {"n": number(row.threshold)}
        case AlertRule.Condition.HOST:
            what = str(OF_HOSTS.get(row.metric, row.metric))
            return _lasting_for(row, what % {"n": number(row.threshold)})
        case AlertRule.Condition.NEEDS_SIGN_IN:
            return _lasting_for(row, _("Needs sign-in"))
        case AlertRule.Condition.STATE_ENTERED:
            words = [str(word) for state, word in STATE_WORDS.items() if state.value in row.states]
            return _lasting_for(row, _("Enters %(states)s") % {"states": _(" or ").join(words)})


def _lasting_for(row: AlertRule, what: str) -> str:
    if not row.for_seconds:
        return what
    span = lasting(timedelta(seconds=row.for_seconds))
    return _("%(what)s, for at least %(span)s") % {"what": what, "span": span}


def _scope(row: AlertRule) -> str:
    if row.condition in BESIDE_WORDS:
        return str(BESIDE_WORDS[row.condition])
    if row.condition == AlertRule.Condition.ACCESS and row.scope.get("kind", "all") == "all":
        return _("All services and API tokens")
    values = ", ".join(row.scope.get("values", []))
    match row.scope.get("kind", "all"):
        case "services":
            return _("Services: %(values)s") % {"values": values}
        case "tags":
            return _("Tags: %(values)s") % {"values": values}
        case "agents":
            return _("Agents: %(values)s") % {"values": values}
        case "profiles":
            return _("Profiles: %(values)s") % {"values": values}
        case _:
            return _("All services")
