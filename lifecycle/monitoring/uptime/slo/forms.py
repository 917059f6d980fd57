"""The form of a target."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.models import Slo
from registry.models import Service

KINDS = [("availability", lazy("Availability")), ("response", lazy("Response time"))]
ABOUT = [("service", lazy("One service")), ("tag", lazy("All services with a tag"))]
DAYS = [("7", lazy("7 days")), ("30", lazy("30 days"))]
LONGEST_MS = 600_000


class TargetForm(forms.Form):
    """Reads one target. `target` is the one being edited, None for a new one."""

    about = forms.ChoiceField(
        label=lazy("Target for"), choices=ABOUT, widget=forms.RadioSelect, initial="service"
    )
    name = forms.CharField(
        label=lazy("Service name or tag"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label=lazy("Objective"), choices=KINDS, widget=forms.RadioSelect, initial="availability"
    )
    percent = forms.DecimalField(
        label=lazy("Goal (%)"),
        min_value=50,
        max_value=99.999,
        max_digits=5,
        decimal_places=3,
        initial="99.9",
        help_text=lazy("99.9 % over 30 days allows 43 minutes of downtime; 99.99 % allows 4."),
    )
    under_ms = forms.IntegerField(
        label=lazy("Answers within (ms)"),
        min_value=1,
        max_value=LONGEST_MS,
        initial=1000,
        required=False,
        help_text=lazy("A check that fails or takes longer counts against the goal. Accurate to 4 %."),
    )
    days = forms.TypedChoiceField(label=lazy("Period"), choices=DAYS, coerce=int, initial="30")

    def __init__(self, *args: Any, target: Slo | None = None, **kwargs: Any) -> None:
        self.target = target
        if target is not None:
            kwargs.setdefault("initial", _initial(target))
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("kind") == "response" and "under_ms" in given and given["under_ms"] is None:
            self.add_error("under_ms", _("Enter a number of milliseconds."))
        name, about = given.get("name", ""), given.get("about")
        if about == "service" and name:
            given["service"] = Service.objects.listed().filter(name=name).first()
            if given["service"] is None:
                self.add_error("name", _("There is no service with this name."))
        return given

    def values(self) -> dict[str, Any]:
        """The columns; call it when the form is valid."""
        given = self.cleaned_data
        tag = given["name"] if given["about"] == "tag" else ""
        return {
            "kind": given["kind"],
            "service": None if tag else given["service"],
            "tag": tag,
            "percent": given["percent"],
            "under_ms": given["under_ms"] if given["kind"] == "response" else None,
            "days": given["days"],
        }


def _initial(target: Slo) -> dict[str, Any]:
    return {
        "about": "tag" if target.tag else "service",
        "name": target.tag or (target.service.name if target.service else ""),
        "kind": target.kind,
        "percent": target.percent.normalize(),
        "under_ms": target.under_ms or 1000,
        "days": str(target.days),
    }
