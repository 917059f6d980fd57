"""The form of a maintenance window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.silences.forms import TargetForm
from lifecycle.alerts.windows import follow
from lifecycle.core.alerting.windows import BadWindowError
from lifecycle.models import MaintenanceWindow
from registry.installation import zones

CUSTOM = "custom"
REPEATS = [
    ("", lazy("Once")),
    ("FREQ=DAILY", lazy("Every day")),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", lazy("Monday to Friday")),
    ("FREQ=WEEKLY", lazy("Every week")),
    ("FREQ=MONTHLY", lazy("Every month")),
    (CUSTOM, lazy("By an RFC 5545 rule")),
]


class WindowForm(TargetForm):
    """Reads one window; its start is a local time of its zone."""

    name = forms.CharField(label=lazy("Name"), max_length=100)
    starts = forms.CharField(
        label=lazy("Starts"),
        max_length=16,
        help_text=lazy("Local time in the time zone below."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    minutes = forms.IntegerField(
        label=lazy("Duration (minutes)"), min_value=1, max_value=31 * 1440, initial=60
    )
    zone = forms.CharField(
        label=lazy("Time zone"), max_length=64, help_text=lazy("A name such as Europe/Berlin.")
    )
    repeat = forms.ChoiceField(label=lazy("Repeat"), choices=REPEATS, required=False)
    rule = forms.CharField(
        label=lazy("Rule"),
        required=False,
        max_length=300,
        help_text=lazy(
            "FREQ=MONTHLY;BYDAY=2TU is every second Tuesday of the month. The start gives the time of day."
        ),
    )
    enabled = forms.BooleanField(label=lazy("Enabled"), required=False, initial=True)

    def clean_starts(self) -> datetime:
        try:
            return datetime.fromisoformat(self.cleaned_data["starts"]).replace(tzinfo=UTC)
        except ValueError:
            raise forms.ValidationError("2026-11-29T22:00") from None

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        given["rule"] = given.get("rule", "") if given.get("repeat") == CUSTOM else given.get("repeat", "")
        if {"starts", "minutes", "zone"} <= set(given):
            try:
                follow.read(given["starts"], given["minutes"], given["zone"], given["rule"])
            except BadWindowError as exc:
                self.add_error(exc.where, str(exc))
        return given

    def values(self) -> dict[str, Any]:
        """What was typed, as operations take it."""
        names = ("name", "services", "tags", "minutes", "rule", "zone", "enabled")
        return {name: self.cleaned_data[name] for name in names} | {"start": self.cleaned_data["starts"]}


def initial_of(row: MaintenanceWindow | None) -> dict[str, Any]:
    """What the form shows first."""
    if row is None:
        return {"zone": str(zones.current())}
    known = {value for value, _word in REPEATS}
    return {
        "name": row.name,
        "services": ", ".join(row.services),
        "tags": ", ".join(row.tags),
        "starts": f"{row.start.astimezone(UTC):%Y-%m-%dT%H:%M}",
        "minutes": row.minutes,
        "zone": row.zone,
        "repeat": row.rule if row.rule in known else CUSTOM,
        "rule": row.rule,
        "enabled": row.enabled,
    }
