"""The form of the options of monitoring, made from the options themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from lifecycle.core.monitoring.options import Option, Value
from lifecycle.core.timing.durations import number
from lifecycle.monitoring.settings.presenter import TITLES
from lifecycle.monitoring.settings.queries import Line
from registry.errors import InvalidConfigError


@dataclass(frozen=True, kw_only=True)
class Row:
    """One option in the form: its field, its line, its default in words, and what it may be."""

    field: BoundField
    line: Line
    default: str

    @property
    def effect(self) -> str:
        return _(self.line.option.effect)

    @property
    def allowed(self) -> str:
        """The range; a switch and a choice show theirs."""
        option = self.line.option
        return "" if option.kind in (bool, str) else option.allowed


class MonitoringForm(forms.Form):
    """One field for each option; an empty one is the default."""

    def __init__(self, data: Any = None, *, lines: Sequence[Line]) -> None:
        super().__init__(data)
        self.lines = lines
        for line in lines:
            self.fields[line.option.name] = _field(line)

    def groups(self) -> list[tuple[str, str, list[Row]]]:
        """The key, the heading and the fields of each group."""
        found: dict[str, list[Row]] = {}
        for line in self.lines:
            row = Row(field=self[line.option.name], line=line, default=_default(line.option))
            found.setdefault(line.option.group, []).append(row)
        return [(group, str(TITLES[group]), rows) for group, rows in found.items()]

    def changes(self) -> dict[str, Any]:
        """What was given; an empty field is null. Call it when the form is valid."""
        return {line.option.name: self._given(line.option) for line in self.lines}

    def _given(self, option: Option) -> Any:
        value = self.cleaned_data[option.name]
        if value in (None, ""):
            return None
        return value == "on" if option.kind is bool else value

    def blame(self, error: InvalidConfigError) -> None:
        """Say beside the field what is wrong with it."""
        name = error.where
        self.add_error(name if name in self.fields else None, f"{error.what}. {error.remedy}.")


def shown(option: Option, value: Value) -> str:
    """A value with its unit, for people."""
    if option.kind is bool:
        return _("on") if value else _("off")
    return str(value) if isinstance(value, str) else f"{number(value)} {option.unit}".rstrip()


def _default(option: Option) -> str:
    return _("Default: %(value)s") % {"value": shown(option, option.default)}


def _field(line: Line) -> forms.Field:
    option, value = line.option, line.value
    more: dict[str, Any] = {"label": _(option.label), "required": False, "help_text": _default(option)}
    if option.kind is bool:
        choices = [("on", _("on")), ("off", _("off"))]
        return forms.ChoiceField(choices=choices, initial="on" if value else "off", **more)
    if option.kind is str:
        return forms.ChoiceField(choices=[(one, one) for one in option.choices], initial=value, **more)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    attrs = {} if option.kind is int else {"step": "any"}
    kind: type[forms.IntegerField] = forms.IntegerField if option.kind is int else forms.FloatField
    return kind(initial=value, widget=forms.NumberInput(attrs=attrs), **more)
