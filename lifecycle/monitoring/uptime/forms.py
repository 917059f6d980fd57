"""The form of a service's hours, and the hours in words."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.models import ServiceHours
from registry.installation import zones
from registry.models import Service

WEEKDAYS = [
    ("0", lazy("Mon")),
    ("1", lazy("Tue")),
    ("2", lazy("Wed")),
    ("3", lazy("Thu")),
    ("4", lazy("Fri")),
    ("5", lazy("Sat")),
    ("6", lazy("Sun")),
]
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class HoursForm(forms.Form):
    """Weekdays, from, to, and the time zone; without a weekday the service is expected always."""

    weekdays = forms.MultipleChoiceField(
        label=lazy("Days"), required=False, choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    opens = forms.TimeField(label=lazy("From"), widget=CLOCK)
    closes = forms.TimeField(
        label=lazy("To"), widget=CLOCK, help_text=lazy("If not later than the start: on the next day.")
    )
    zone = forms.CharField(
        label=lazy("Time zone"),
        max_length=64,
        help_text=lazy("A name such as Europe/Berlin or Asia/Shanghai."),
    )

    def values(self) -> dict[str, Any]:
        """As `hours.change` wants them. Call it when the form is valid."""
        given = self.cleaned_data
        return {
            "weekdays": "".join(sorted(given["weekdays"])),
            "opens": _minutes(given["opens"]),
            "closes": _minutes(given["closes"]),
            "zone": given["zone"],
        }


def hours_of(service: Service) -> ServiceHours | None:
    """What is set; None for always."""
    try:
        return service.hours
    except ServiceHours.DoesNotExist:
        return None


def form_of(service: Service, data: Any = None) -> HoursForm:
    """Filled with what is set now."""
    hours = hours_of(service)
    if hours is None:
        initial = {
            "weekdays": [],
            "opens": time(8),
            "closes": time(18),
            "zone": str(zones.current()),
        }
    else:
        opens, closes = (time(at // 60 % 24, at % 60) for at in (hours.opens, hours.closes))
        initial = {"weekdays": list(hours.weekdays), "opens": opens, "closes": closes, "zone": hours.zone}
    return HoursForm(data, initial=initial)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def in_words(service: Service) -> str:
    """ "Mon–Fri 08:00–18:00, Europe/Berlin"; empty for always."""
    hours = hours_of(service)
    if hours is None:
        return ""
    opens, closes = (f"{at // 60 % 24:02}:{at % 60:02}" for at in (hours.opens, hours.closes))
    parts = {"days": _days(hours.weekdays), "from": opens, "to": closes, "zone": hours.zone}
    return _("%(days)s %(from)s–%(to)s, %(zone)s") % parts


def _days(weekdays: str) -> str:
    """Days in a row as the first and the last of them."""
    runs: list[list[int]] = []
    for day in map(int, weekdays):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [str(word) for _, word in WEEKDAYS]
    return ", ".join(
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run)
        for run in runs
    )
