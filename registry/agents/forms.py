"""The form of an agent: its name, what it is for, and the services it gets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from registry.agents import operations
from registry.errors import InvalidConfigError
from registry.models import NAME_PATTERN, Agent

LONGEST_SEARCH = 200


class AgentForm(forms.Form):
    """`about` is the agent being edited, None for a new one. Its services are boxes that the page draws."""

    name = forms.RegexField(
        regex=NAME_PATTERN,
        label=_("Name"),
        max_length=64,
        help_text=_("Letters, digits, dots, hyphens and underscores. Part of the agent's URL."),
        error_messages={"invalid": _("Use only letters, digits, dots, hyphens and underscores.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, about: Agent | None) -> None:
        self.about = about
        super().__init__(data, initial={"description": about.description} if about else None)
        if about is not None:
            del self.fields["name"]

    @property
    def name_given(self) -> str:
        """The agent's name, old or new."""
        return self.about.name if self.about else str(self.cleaned_data["name"])

    def chosen(self) -> list[str]:
        """The ticked boxes; before anything was posted, what the agent has."""
        if isinstance(self.data, QueryDict) and self.is_bound:
            return self.data.getlist("services")
        return sorted(operations.chosen_names(self.about)) if self.about and self.about.pk else []

    def searched(self) -> str:
        """What was typed into the search field."""
        return str(self.data.get("q", "")).replace("\0", "").strip()[:LONGEST_SEARCH] if self.is_bound else ""

    def blame(self, error: InvalidConfigError) -> None:
        """Put an error of `registry.agents.operations` beside the field it is about."""
        field = error.where if error.where in self.fields else None
        place = "" if field else f"{error.where} "
        self.add_error(field, f"{place}{error.what}. {error.remedy}.")
