"""The form of a policy, made from the fields of the policy itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.tuning import Knob, Plain
from lifecycle.policies import Line, service_lines
from registry.errors import InvalidConfigError
from registry.models import Service

GROUPS = {
    "checks": lazy("Checks"),
    "reconnection": lazy("Reconnection"),
    "recovery": lazy("Restarts of programs"),
    "limits": lazy("Limits"),
}
SOURCES = {
    "default": lazy("as shipped"),
    "profile": lazy("changed in the profile"),
    "service": lazy("this service's own"),
}


def shown(knob: Knob, value: Plain) -> str:
    """A number with its unit, for people."""
    if knob.kind is bool:
        return _("on") if value else _("off")
    if knob.never and not value:
        return _("never")
    return f"{value:,.6g} {knob.unit}".rstrip()


class PolicyForm(forms.Form):
    """One field for each number. With *optional* an empty field leaves it to the profile."""

    def __init__(self, data: Any = None, *, lines: Sequence[Line], optional: bool) -> None:
        super().__init__(data)
        self.lines, self.optional = lines, optional
        for line in lines:
            self.fields[line.knob.name] = _field(line, optional)

    def groups(self) -> list[tuple[str, list[tuple[Line, Any, str]]]]:
        """The fields by heading, each with its line and a word on where the number comes from."""
        names = dict.fromkeys(line.knob.group for line in self.lines)
        return [
            (
                str(GROUPS.get(group, group)),
                [
                    (line, self[line.knob.name], str(SOURCES[line.source]))
                    for line in self.lines
                    if line.knob.group == group
                ],
            )
            for group in names
        ]

    def changes(self) -> dict[str, Any]:
        """What was given; an empty field is null. Call it when the form is valid."""
        return {line.knob.name: self._given(line) for line in self.lines}

    def _given(self, line: Line) -> Any:
        value = self.cleaned_data[line.knob.name]
        if value in (None, ""):
            return None
        return value == "on" if line.knob.kind is bool else value

    def blame(self, error: InvalidConfigError) -> None:
        """Say beside the field what is wrong with it."""
        name = error.where.rpartition(".")[2]
        self.add_error(name if name in self.fields else None, f"{error.what}. {error.remedy}.")


def _field(line: Line, optional: bool) -> forms.Field:
    knob = line.knob
    inherited = shown(knob, line.inherited)
    own = line.source == "service" if optional else True
    if knob.kind is bool:
        return _switch(line, inherited, optional, own)
    kind: Mapping[bool, type[forms.IntegerField]] = {True: forms.IntegerField, False: forms.FloatField}
    initial = line.value if own else None
    if initial is not None and float(initial).is_integer():
        initial = int(initial)
    attrs: dict[str, Any] = {"placeholder": inherited} if optional else {}
    if knob.kind is not int:
        attrs["step"] = "any"
    return kind[knob.kind is int](
        label=_label(knob),
        required=False,
        initial=initial,
        help_text=_("%(allowed)s. Empty: %(inherited)s.") % {"allowed": knob.allowed, "inherited": inherited},
        widget=forms.NumberInput(attrs=attrs),
    )


def _label(knob: Knob) -> str:
    return f"{knob.label} ({knob.unit})" if knob.unit else knob.label


def _switch(line: Line, inherited: str, optional: bool, own: bool) -> forms.ChoiceField:
    choices = [("on", _("on")), ("off", _("off"))]
    if optional:
        choices.insert(0, ("", _("as the profile (%(inherited)s)") % {"inherited": inherited}))
    return forms.ChoiceField(
        label=line.knob.label,
        required=False,
        choices=choices,
        initial=("on" if line.value else "off") if own else "",
    )


def policy_facts(service: Service) -> dict[str, Any]:
    """The effective policy for the service's page: label, number, its source, whether it is its own."""
    lines = service_lines(service)
    facts = [
        (line.knob.label, shown(line.knob, line.value), str(SOURCES[line.source]), line.source == "service")
        for line in lines
    ]
    return {"policy": facts, "own_numbers": sum(line.source == "service" for line in lines)}
