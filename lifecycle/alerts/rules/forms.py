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
from lifecycle.core.alerting.measured import Metric
from lifecycle.core.alerting.messages import DEFAULT_MESSAGE, PLACEHOLDERS, unknown_placeholders
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel
from lifecycle.monitoring.settings import queries as monitoring
from lifecycle.services.presenter import STATE_WORDS
from registry.models import Agent, Profile, Service

# HEALTHY is told by the recovery notice, DISCONNECTING is somebody's own doing.
WATCHABLE = (State.RECONNECTING, State.UNREACHABLE, State.WARNING, State.INITIALIZING, State.DISCONNECTED)
STATES = [(state.value, STATE_WORDS[state]) for state in WATCHABLE[:-1]] + [
    (State.DISCONNECTED.value, lazy("Disconnected (given up)"))
]
CONDITIONS = [
    (AlertRule.Condition.STATE_ENTERED.value, lazy("A service enters a state")),
    (AlertRule.Condition.NOT_SERVING_FOR.value, lazy("A service is not serving for a time")),
    (AlertRule.Condition.NEEDS_SIGN_IN.value, lazy("A service needs sign-in")),
    (AlertRule.Condition.TOOLS_CHANGED.value, lazy("The tools of a service change")),
    (AlertRule.Condition.MASS_FAILURE.value, lazy("More than half of all services fail at once")),
    (AlertRule.Condition.METRIC.value, lazy("A metric passes a threshold")),
    (AlertRule.Condition.BUDGET_BURN.value, lazy("The budget of a target burns too fast")),
    (AlertRule.Condition.UNUSUALLY_SLOW.value, lazy("A service is unusually slow")),
    (AlertRule.Condition.FLAPPING.value, lazy("A service is flapping: more than 5 changes in 10 minutes")),
]
METRICS = [
    (Metric.ERROR_RATE.value, lazy("Error rate of checks, above (0.1 is 10 %)")),
    (Metric.RESPONSE_TIME.value, lazy("Average response, above (seconds)")),
    (Metric.AVAILABILITY.value, lazy("Availability, below (0.99 is 99 %)")),
    (Metric.CONSECUTIVE_FAILURES.value, lazy("Consecutive failed checks, above")),
    (Metric.CALL_ERROR_RATE.value, lazy("Error rate of tool calls, above (0.1 is 10 %)")),
    (Metric.CALL_TIME.value, lazy("Average time of tool calls, above (seconds)")),
]
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
    ("services", lazy("These services, by name")),
    ("tags", lazy("Services with one of these tags")),
    ("agents", lazy("Services of these agents")),
    ("profiles", lazy("Services of these profiles")),
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
        help_text=lazy("300 s are 5 minutes. Attempts to reconnect do not reset the clock."),
    )
    lasting = forms.IntegerField(
        label=lazy("For at least (seconds)"),
        min_value=0,
        max_value=DAY,
        initial=FOR_SECONDS,
        required=False,
        help_text=lazy("Shorter problems, such as a deployment, do not fire. 0 fires at once."),
    )
    breaking_only = forms.BooleanField(
        label=lazy("Breaking changes only, such as a new required argument"), required=False
    )
    metric = forms.ChoiceField(label=lazy("Metric"), choices=METRICS, initial=METRICS[0][0], required=False)
    threshold = forms.FloatField(
        label=lazy("Threshold"), min_value=0, max_value=1e6, initial=0.1, required=False
    )
    window = forms.IntegerField(
        label=lazy("Window (seconds)"), min_value=300, max_value=DAY, initial=300, required=False
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
            "Within this time the same alert is not sent again. A failure that lasts is sent at its end; "
            "tool changes are sent together."
        ),
    )
    keep_firing = forms.IntegerField(
        label=lazy("Keep firing for (seconds)"),
        min_value=0,
        max_value=DAY,
        initial=0,
        required=False,
        help_text=lazy("The recovery is sent when the problem has been over for so long. 0: at once."),
    )
    reminder = forms.IntegerField(
        label=lazy("Remind every (seconds)"),
        min_value=0,
        max_value=WEEK,
        initial=0,
        required=False,
        help_text=lazy("Sent again until somebody acknowledges it. 0: never."),
    )
    response = forms.ChoiceField(
        label=lazy("Automatic response"),
        choices=RESPONSES,
        required=False,
        help_text=lazy(
            "Done once when the alert fires, at most 3 times an hour for a service; never where it is "
            "stopped, silenced, in maintenance, or when many services fail at once."
        ),
    )
    message = forms.CharField(
        label=lazy("Message"),
        required=False,
        max_length=500,
        help_text=format_lazy("{} {}", lazy("Empty: default text. Placeholders:"), KNOWN),
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
            raise forms.ValidationError(_("A rule with this name exists already. Choose another name."))
        return name

    def clean_message(self) -> str:
        message: str = self.cleaned_data["message"]
        if unknown := unknown_placeholders(message):
            names = ", ".join(f"{{{name}}}" for name in unknown)
            raise forms.ValidationError(
                _("%(names)s is not known. Use only: %(known)s.") % {"names": names, "known": KNOWN}
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
        if condition == AlertRule.Condition.MASS_FAILURE:
            given["scope"], given["values"] = "all", []
        self._check_scope(given.get("scope", "all"), given.get("values", []))
        for problem in step_forms.problems(self.steps):
            self.add_error(None, problem)
        return given

    def _check_scope(self, scope: str, values: list[str]) -> None:
        if scope == "all":
            return
        if not values:
            self.add_error("values", _("Enter some, or choose all services."))
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
        rule.metric = given["metric"] or METRICS[0][0]
        rule.threshold = given["threshold"] if given["threshold"] is not None else 0.1
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
        "metric": rule.metric,
        "threshold": rule.threshold,
        "window": rule.window_seconds,
        "keep_firing": rule.keep_firing_seconds,
        "reminder": rule.reminder_seconds,
        "message": rule.message,
        "response": rule.response,
        "notify_recovery": rule.notify_recovery,
        "enabled": rule.enabled,
        "channels": list(rule.channels.values_list("pk", flat=True)),
    }
