"""The part of a rule's form that says who else is told while nobody acknowledges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.alerting.escalation import REPEATED_AT_MOST, STEPS_AT_MOST
from lifecycle.models import AlertRule, Channel

DAY = 24 * 3600
WAIT = 300


class StepForm(forms.Form):
    """One step; without a channel it is none."""

    wait = forms.IntegerField(
        label=lazy("Wait (seconds)"),
        min_value=1,
        max_value=DAY,
        initial=WAIT,
        required=False,
        help_text=lazy("After the previous message, if nobody has acknowledged."),
    )
    repeat = forms.IntegerField(
        label=lazy("Repeat (times)"),
        min_value=0,
        max_value=REPEATED_AT_MOST,
        initial=0,
        required=False,
        help_text=lazy("After the same wait each time."),
    )
    channels = forms.ModelMultipleChoiceField(
        label=lazy("Channels"),
        queryset=Channel.objects.exclude(kind="heartbeat").order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def as_row(self) -> dict[str, Any] | None:
        """As a rule's row has it; None where no channel is chosen. Call it when the form is valid."""
        given = self.cleaned_data
        if not given["channels"]:
            return None
        return {
            "wait": given["wait"] or WAIT,
            "channels": [channel.pk for channel in given["channels"]],
            "repeat": given["repeat"] or 0,
        }


def forms_of(data: Any, about: AlertRule | None) -> list[StepForm]:
    """All steps that a rule can have: those that it has, and empty ones."""
    there: Sequence[Mapping[str, Any]] = about.steps if about else []
    return [
        StepForm(data, prefix=f"step-{number}", initial=dict(there[number]) if number < len(there) else {})
        for number in range(STEPS_AT_MOST)
    ]


def problems(found: Sequence[StepForm]) -> Iterator[str]:
    """What is wrong with them, and where."""
    for number, form in enumerate(found, 1):
        for name, errors in form.errors.items():
            label = form.fields[name].label
            yield _("Escalation, step %(n)d, %(field)s: %(why)s") % {
                "n": number,
                "field": label,
                "why": " ".join(str(error) for error in errors),
            }


def rows(found: Sequence[StepForm]) -> list[dict[str, Any]]:
    """What valid forms say."""
    return [row for form in found if (row := form.as_row()) is not None]


def typed(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a page would send of *steps* as a row has them."""
    return {
        f"step-{number}-{name}": value for number, step in enumerate(steps) for name, value in step.items()
    }
