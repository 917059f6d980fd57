"""The form of an alert rule."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.rules import step_forms
from lifecycle.core.alerting.measured import HostMetric, Metric
from lifecycle.core.alerting.messages import DEFAULT_MESSAGE, PLACEHOLDERS, unknown_placeholders
from lifecycle.core.alerting.subjects import BESIDE
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel
from lifecycle.monitoring.settings import queries as monitoring
from lifecycle.services.presenter import STATE_WORDS
from registry.models import Agent, Profile, Service

# HEALTHY is told by the recovery notice, DISCONNECTING is somebody's own doing.
WATCHABLE = (State.RECONNECTING, State.UNREACHABLE, State.WARNING, State.INITIALIZING, State.DISCONNECTED)
STATES = [(state.value, STATE_WORDS[state]) for state in WATCHABLE[:-1]] + [
    (State.DISCONNECTED.value, lazy("Disconnected (gave up)"))
]
CONDITIONS = [
    (AlertRule.Condition.STATE_ENTERED.value, lazy("A service enters a state")),
    (AlertRule.Condition.NOT_SERVING_FOR.value, lazy("A service is not serving for some time")),
    (AlertRule.Condition.NEEDS_SIGN_IN.value, lazy("A service needs sign-in")),
    (AlertRule.Condition.CERTIFICATE.value, lazy("The certificate of a service expires soon")),
    (AlertRule.Condition.ACCESS.value, lazy("A sign-in or API token expires soon")),
    (AlertRule.Condition.UPSTREAM.value, lazy("The server of a service is deprecated or deleted upstream")),
    (AlertRule.Condition.TOOLS_CHANGED.value, lazy("The tools of a service change")),
    (AlertRule.Condition.MASS_FAILURE.value, lazy("More than half of all services fail at once")),
    (AlertRule.Condition.WORKER_SILENT.value, lazy("A worker is silent for 30 seconds")),
    (AlertRule.Condition.HOST.value, lazy("A host's CPU, memory or disk usage passes a threshold")),
    (AlertRule.Condition.METRIC.value, lazy("A metric passes a threshold")),
    (AlertRule.Condition.BUDGET_BURN.value, lazy("An error budget burns too fast")),
    (AlertRule.Condition.UNUSUALLY_SLOW.value, lazy("A service is unusually slow")),
    (AlertRule.Condition.FLAPPING.value, lazy("A service is flapping: more than 5 changes in 10 minutes")),
]
METRICS = [
    (Metric.ERROR_RATE.value, lazy("Error rate of checks, above (0.1 is 10 %)")),
    (Metric.RESPONSE_TIME.value, lazy("Average response time, above (seconds)")),
    (Metric.AVAILABILITY.value, lazy("Availability, below (0.99 is 99 %)")),
    (Metric.CONSECUTIVE_FAILURES.value, lazy("Consecutive failed checks, above")),
    (Metric.CALL_ERROR_RATE.value, lazy("Error rate of tool calls, above (0.1 is 10 %)")),
    (Metric.CALL_TIME.value, lazy("Average tool call time, above (seconds)")),
    (Metric.PROCESS_CPU.value, lazy("CPU of a stdio service, above (percent of one core)")),
    (Metric.PROCESS_MEMORY.value, lazy("Memory of a stdio service, above (MB)")),
]
HOST_METRICS = [
    (HostMetric.CPU.value, lazy("CPU")),
    (HostMetric.MEMORY.value, lazy("Memory")),
    (HostMetric.DISK.value, lazy("Disk")),
]
EXPIRING = (AlertRule.Condition.CERTIFICATE, AlertRule.Condition.ACCESS)
"""Conditions on what ends within so many days."""
LEVELS = [
    ("INFO", lazy("Info")),
    ("WARNING", lazy("Warning")),
    ("ERROR", lazy("Error")),
    ("CRITICAL", lazy("Critical")),
]
RESPONSES = [
    ("", lazy("None")),
    ("restart", lazy("Restart the service")),
    ("reconnect", lazy("Reconnect the service")),
    ("stop", lazy("Stop the service")),
]
SCOPES = [
    ("all", lazy("All services")),
    ("services", lazy("Specific services, by name")),
    ("tags", lazy("Services with any of these tags")),
    ("agents", lazy("Services of specific agents")),
    ("profiles", lazy("Services with specific profiles")),
]
KNOWN = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
WEEK = 7 * 24 * 3600
DAY = 24 * 3600
FOR_SECONDS = 15


class RuleForm(forms.Form):
    """Reads and writes one rule. `about` is the rule being edited, None for a new one."""

    name = forms.CharField(label=lazy("Name"), max_length=100)
    level = forms.ChoiceField(label=lazy("Severity"), choices=LEVELS, initial="ERROR")
    condition = forms.ChoiceField(
        label=lazy("Alert when"), choices=CONDITIONS, widget=forms.RadioSelect, initial=CONDITIONS[0][0]
    )
    states = forms.MultipleChoiceField(
        label=lazy("States"), choices=STATES, widget=forms.CheckboxSelectMultiple, required=False
    )
    seconds = forms.IntegerField(
        label=lazy("Not serving for (seconds)"),
        min_value=1,
        max_value=WEEK,
        initial=300,
        required=False,
        help_text=lazy("300 s are 5 minutes. Reconnect attempts do not reset the clock."),
    )
    lasting = forms.IntegerField(
        label=lazy("For at least (seconds)"),
        min_value=0,
        max_value=DAY,
        initial=FOR_SECONDS,
        required=False,
        help_text=lazy("Shorter problems, such as a deployment, do not fire. 0 fires immediately."),
    )
    breaking_only = forms.BooleanField(
        label=lazy("Only breaking changes, such as a new required argument"), required=False
    )
    metric = forms.ChoiceField(label=lazy("Metric"), choices=METRICS, initial=METRICS[0][0], required=False)
    threshold = forms.FloatField(
        label=lazy("Threshold"), min_value=0, max_value=1e6, initial=0.1, required=False
    )
    window = forms.IntegerField(
        label=lazy("Window (seconds)"), min_value=300, max_value=DAY, initial=300, required=False
    )
    host_metric = forms.ChoiceField(
        label=lazy("Host metric"), choices=HOST_METRICS, initial=HOST_METRICS[0][0], required=False
    )
    percent = forms.FloatField(
        label=lazy("Above (percent)"),
        min_value=1,
        max_value=100,
        initial=80,
        required=False,
        help_text=lazy("One-minute average. Worker hosts are sampled every 15 s."),
    )
    days = forms.FloatField(
        label=lazy("Within (days)"),
        min_value=1,
        max_value=365,
        initial=14,
        required=False,
        help_text=lazy("How long before expiry to alert."),
    )
    scope = forms.ChoiceField(label=lazy("Scope"), choices=SCOPES, initial="all")
    values = forms.CharField(
        label=lazy("Names, tags, agents or profiles"),
        required=False,
        max_length=5000,
        help_text=lazy("Separated by commas or spaces."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    cooldown = forms.IntegerField(
        label=lazy("Cooldown (seconds)"),
        min_value=0,
        max_value=DAY,
        initial=300,
        help_text=lazy(
            "The same alert is not sent again within this time. A failure that persists is sent when "
            "it ends; tool changes are sent together."
        ),
    )
    keep_firing = forms.IntegerField(
        label=lazy("Keep firing for (seconds)"),
        min_value=0,
        max_value=DAY,
        initial=0,
        required=False,
        help_text=lazy(
            "The recovery notice is sent once the problem has been over for this long. 0: immediately."
        ),
    )
    reminder = forms.IntegerField(
        label=lazy("Remind every (seconds)"),
        min_value=0,
        max_value=WEEK,
        initial=0,
        required=False,
        help_text=lazy("Sent again until someone acknowledges the alert. 0: never."),
    )
    response = forms.ChoiceField(
        label=lazy("Automatic response"),
        choices=RESPONSES,
        required=False,
        help_text=lazy(
            "Runs once when the alert fires, at most 3 times an hour per service. Never runs if the "
            "service is stopped, silenced or in maintenance, or if many services fail at once."
        ),
    )
    message = forms.CharField(
        label=lazy("Message"),
        required=False,
        max_length=500,
        help_text=format_lazy("{} {}", lazy("Leave empty for the default text. Placeholders:"), KNOWN),
        widget=forms.TextInput(attrs={"placeholder": DEFAULT_MESSAGE, "autocomplete": "off"}),
    )
    notify_recovery = forms.BooleanField(label=lazy("Send recovery notice"), required=False, initial=True)
    enabled = forms.BooleanField(label=lazy("Enabled"), required=False, initial=True)
    channels = forms.ModelMultipleChoiceField(
        label=lazy("Channels"),
        queryset=Channel.objects.exclude(kind="heartbeat").order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, about: AlertRule | None = None, **kwargs: Any) -> None:
        self.about = about
        kwargs.setdefault("initial", initial_of(about) if about else usual())
        super().__init__(*args, **kwargs)
        self.steps = step_forms.forms_of(self.data if self.is_bound else None, about)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = AlertRule.objects.filter(name=name)
        if self.about is not None:
            others = others.exclude(pk=self.about.pk)
        if others.exists():
            raise forms.ValidationError(_("A rule with this name already exists. Choose another name."))
        return name

    def clean_message(self) -> str:
        message: str = self.cleaned_data["message"]
        if unknown := unknown_placeholders(message):
            names = ", ".join(f"{{{name}}}" for name in unknown)
            raise forms.ValidationError(
                _("Unknown placeholder: %(names)s. Use only: %(known)s.") % {"names": names, "known": KNOWN}
            )
        return message

    def clean_values(self) -> list[str]:
        """Each value once."""
        given = re.split(r"[,\s]+", self.cleaned_data["values"])
        return [value for value in dict.fromkeys(given) if value]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        condition = given.get("condition")
        lasting = condition == AlertRule.Condition.NOT_SERVING_FOR
        entering = condition == AlertRule.Condition.STATE_ENTERED
        if lasting and "seconds" in given and given["seconds"] is None:
            self.add_error("seconds", _("Enter the number of seconds."))
        if entering and "states" in given and not given["states"]:
            self.add_error("states", _("Choose at least one state."))
        if condition == AlertRule.Condition.METRIC and given.get("threshold") is None:
            self.add_error("threshold", _("Enter a number."))
        if condition == AlertRule.Condition.HOST and "percent" in given and given["percent"] is None:
            self.add_error("percent", _("Enter a number."))
        if condition in EXPIRING and "days" in given and given["days"] is None:
            self.add_error("days", _("Enter a number."))
        if condition in BESIDE:
            given["scope"], given["values"], given["response"] = "all", [], ""
        self._check_scope(given.get("scope", "all"), given.get("values", []))
        for problem in step_forms.problems(self.steps):
            self.add_error(None, problem)
        return given

    def _check_scope(self, scope: str, values: list[str]) -> None:
        if scope == "all":
            return
        if not values:
            self.add_error("values", _("Enter at least one, or choose all services."))
        elif unknown := _unknown(scope, values):
            self.add_error("values", _("Unknown: %(names)s.") % {"names": ", ".join(unknown)})

    def save(self, now: datetime) -> AlertRule:
        """Write the rule; call it when the form is valid."""
        rule = self.draft(now)
        rule.save()
        rule.channels.set(self.cleaned_data["channels"])
        return rule

    def draft(self, now: datetime) -> AlertRule:
        """The rule as the valid form has it, not written."""
        given = self.cleaned_data
        rule = self.about or AlertRule(created_at=now)
        rule.name, rule.level, rule.enabled = given["name"], given["level"], given["enabled"]
        rule.condition, rule.message = given["condition"], given["message"]
        rule.states = given["states"]
        rule.seconds = given["seconds"] if given["seconds"] is not None else 300
        rule.for_seconds = given["lasting"] if given["lasting"] is not None else FOR_SECONDS
        rule.breaking_only = given["breaking_only"]
        rule.metric, rule.threshold = self._compared()
        rule.window_seconds = given["window"] or 300
        rule.keep_firing_seconds, rule.reminder_seconds = given["keep_firing"] or 0, given["reminder"] or 0
        rule.scope = (
            {"kind": "all"}
            if given["scope"] == "all"
            else {"kind": given["scope"], "values": given["values"]}
        )
        rule.response = given["response"]
        rule.steps = step_forms.rows(self.steps)
        rule.cooldown_seconds, rule.notify_recovery = given["cooldown"], given["notify_recovery"]
        return rule

    def _compared(self) -> tuple[str, float]:
        """What the condition compares, and with which number: each has fields of its own."""
        given = self.cleaned_data
        if given["condition"] == AlertRule.Condition.HOST:
            return given["host_metric"] or HOST_METRICS[0][0], given["percent"]
        if given["condition"] in EXPIRING:
            return METRICS[0][0], given["days"]
        threshold = given["threshold"] if given["threshold"] is not None else 0.1
        return given["metric"] or METRICS[0][0], threshold


def _unknown(scope: str, values: list[str]) -> list[str]:
    """Names of services, agents and profiles are checked; a tag may be given to a service later."""
    if scope == "tags":
        return []
    known = set(Profile.values)
    if scope == "services":
        known = set(Service.objects.listed().filter(name__in=values).values_list("name", flat=True))
    if scope == "agents":
        known = set(Agent.objects.filter(name__in=values).values_list("name", flat=True))
    return [value for value in values if value not in known]


def usual() -> dict[str, Any]:
    """Of a new rule."""
    return {"states": ["RECONNECTING", "UNREACHABLE"], "cooldown": monitoring.current().alert_cooldown}


def _compared(rule: AlertRule) -> dict[str, Any]:
    if rule.condition == AlertRule.Condition.HOST:
        return {"host_metric": rule.metric, "percent": rule.threshold}
    if rule.condition in EXPIRING:
        return {"days": rule.threshold}
    return {"metric": rule.metric, "threshold": rule.threshold}


def initial_of(rule: AlertRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "level": rule.level,
        "condition": rule.condition,
        "states": rule.states,
        "seconds": rule.seconds,
        "lasting": rule.for_seconds,
        "breaking_only": rule.breaking_only,
        "scope": rule.scope.get("kind", "all"),
        "values": ", ".join(rule.scope.get("values", [])),
        "cooldown": rule.cooldown_seconds,
        **_compared(rule),
        "window": rule.window_seconds,
        "keep_firing": rule.keep_firing_seconds,
        "reminder": rule.reminder_seconds,
        "message": rule.message,
        "response": rule.response,
        "notify_recovery": rule.notify_recovery,
        "enabled": rule.enabled,
        "channels": list(rule.channels.values_list("pk", flat=True)),
    }
