"""The form of a silence, and what forms of silences and maintenance have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.models import AlertRule, Silence
from registry.installation import zones
from registry.models import Service

HOURS = [
    ("60", lazy("1 hour")),
    ("240", lazy("4 hours")),
    ("1440", lazy("1 day")),
    ("10080", lazy("1 week")),
]


def listed(text: str) -> list[str]:
    """Names separated by commas or spaces, each once."""
    return list(dict.fromkeys(value for value in re.split(r"[,\s]+", text) if value))


class TargetForm(forms.Form):
    """Services and tags; no entry is no condition."""

    services = forms.CharField(
        label=lazy("Services"),
        required=False,
        max_length=5000,
        help_text=lazy("Names, separated by commas or spaces. Leave empty for any."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    tags = forms.CharField(
        label=lazy("Tags"),
        required=False,
        max_length=5000,
        help_text=lazy("Services with any of these tags. Leave empty for any."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_services(self) -> list[str]:
        names = listed(self.cleaned_data["services"])
        known = set(Service.objects.listed().filter(name__in=names).values_list("name", flat=True))
        if unknown := [name for name in names if name not in known]:
            raise forms.ValidationError(_("Unknown: %(names)s.") % {"names": ", ".join(unknown)})
        return names

    def clean_tags(self) -> list[str]:
        return listed(self.cleaned_data["tags"])


class LocalMoment(forms.DateTimeField):
    """A moment as the clock of whoever looks shows it, typed and shown."""

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(zones.current()):
            found: datetime | None = super().to_python(value)
            return found

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(zones.current()):
            return super().prepare_value(value)


class SilenceForm(TargetForm):
    """A silence from now, or from a later time, for so long."""

    rules = forms.ModelMultipleChoiceField(
        label=lazy("Rules (none selected: all)"),
        queryset=AlertRule.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    starts = LocalMoment(
        label=lazy("From"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends = LocalMoment(
        label=lazy("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    length = forms.ChoiceField(
        label=lazy("Duration"), choices=HOURS, initial="60", help_text=lazy("Used if no end is given.")
    )
    comment = forms.CharField(
        label=lazy("Comment"),
        required=False,
        max_length=500,
        help_text=lazy("Shown on each alert that it silences."),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        zone = {"zone": str(zones.current())}
        self.fields["starts"].help_text = _("Time in %(zone)s. Leave empty to start now.") % zone
        self.fields["ends"].help_text = _("Time in %(zone)s. Leave empty to use the duration.") % zone

    def values(self, now: datetime) -> dict[str, Any]:
        """What was typed, as operations take it."""
        given = self.cleaned_data
        begin = given["starts"] or now
        return {
            "services": given["services"],
            "tags": given["tags"],
            "rules": [rule.pk for rule in given["rules"]],
            "starts_at": begin,
            "ends_at": given["ends"] or begin + timedelta(minutes=int(given["length"])),
            "comment": given["comment"],
        }


def initial_of(row: Silence) -> dict[str, Any]:
    """What the form shows of one that is there."""
    return {
        "services": ", ".join(row.services),
        "tags": ", ".join(row.tags),
        "rules": row.rules,
        "starts": row.starts_at,
        "ends": row.ends_at,
        "comment": row.comment,
    }


def words(services: Iterable[str], tags: Iterable[str], rules: Iterable[str] = ()) -> str:
    """What something is about, for people."""
    parts = []
    if found := ", ".join(services):
        parts.append(_("Services: %(values)s") % {"values": found})
    if found := ", ".join(tags):
        parts.append(_("Tags: %(values)s") % {"values": found})
    if found := ", ".join(rules):
        parts.append(_("Rules: %(values)s") % {"values": found})
    return " · ".join(parts) or _("Everything")
