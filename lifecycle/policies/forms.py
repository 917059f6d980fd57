"""The form of a policy, made from the settings of the policy itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from lifecycle.core.timing.durations import number
from lifecycle.policies.operations import Line
from lifecycle.policies.presenter import SOURCES, by_group, shown
from registry.errors import InvalidConfigError


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting in the form: its field, its line, and in words its range, warning and source."""

    field: BoundField
    line: Line
    source: str

    @property
    def allowed(self) -> str:
        return "" if self.line.setting.kind is bool else self.line.setting.allowed

    @property
    def wrong(self) -> str:
        return _(self.line.setting.wrong)


class PolicyForm(forms.Form):
    """One field for each setting. With *optional* an empty field inherits it from the profile."""

    def __init__(self, data: Any = None, *, lines: Sequence[Line], optional: bool) -> None:
        super().__init__(data)
        self.lines = lines
        for line in lines:
            self.fields[line.setting.name] = _field(line, optional)

    def groups(self) -> list[tuple[str, list[Row]]]:
        """The fields by heading."""
        return by_group((line.setting, self._row(line)) for line in self.lines)

    def _row(self, line: Line) -> Row:
        return Row(field=self[line.setting.name], line=line, source=str(SOURCES[line.source]))

    def changes(self) -> dict[str, Any]:
        """What was given; an empty field is null. Call it when the form is valid."""
        return {line.setting.name: self._given(line) for line in self.lines}

    def _given(self, line: Line) -> Any:
        value = self.cleaned_data[line.setting.name]
        if value in (None, ""):
            return None
        return value == "on" if line.setting.kind is bool else value

    def blame(self, error: InvalidConfigError) -> None:
        """Say beside the field what is wrong with it."""
        name = error.where.rpartition(".")[2]
        self.add_error(name if name in self.fields else None, f"{error.what}. {error.remedy}.")


def _default(line: Line, optional: bool) -> str:
    """What an empty field means: the help text, at which the input points."""
    text = _("Profile: %(value)s") if optional else _("Default: %(value)s")
    return text % {"value": shown(line.setting, line.inherited)}


def _field(line: Line, optional: bool) -> forms.Field:
    setting = line.setting
    own = line.source == "service" if optional else True
    if setting.kind is bool:
        return _switch(line, optional, own)
    kind: Mapping[bool, type[forms.IntegerField]] = {True: forms.IntegerField, False: forms.FloatField}
    initial = line.value if own else None
    if initial is not None and float(initial).is_integer():
        initial = int(initial)
    attrs: dict[str, Any] = {"placeholder": number(line.inherited)} if optional else {}
    if setting.kind is not int:
        attrs["step"] = "any"
    return kind[setting.kind is int](
        label=setting.label,
        required=False,
        initial=initial,
        help_text=_default(line, optional),
        widget=forms.NumberInput(attrs=attrs),
    )


def _switch(line: Line, optional: bool, own: bool) -> forms.ChoiceField:
    choices = [("on", _("on")), ("off", _("off"))]
    if optional:
        choices.insert(0, ("", _("inherited from the profile")))
    return forms.ChoiceField(
        label=line.setting.label,
        required=False,
        choices=choices,
        initial=("on" if line.value else "off") if own else "",
        help_text=_default(line, optional),
    )
