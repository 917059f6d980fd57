"""The two fields of a scope, as part of any form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from registry.access.scope.choose import chosen
from registry.core.scope import Scope
from registry.errors import InvalidConfigError

TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
LONGEST_TYPED = 2000


class ScopeForm(forms.Form):
    """Tags and agents, separated by commas; both empty is everything."""

    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=LONGEST_TYPED,
        help_text=_("Separated by commas. Only services with one of these tags are visible."),
        widget=forms.TextInput(attrs=TYPED),
    )
    agents = forms.CharField(
        label=_("Agents"),
        required=False,
        max_length=LONGEST_TYPED,
        help_text=_(
            "Separated by commas. Services of these agents are visible too. If both fields are empty, "
            "all services are visible."
        ),
        widget=forms.TextInput(attrs=TYPED),
    )

    def clean(self) -> dict[str, Any]:
        """An agent that there is not is said at its field."""
        given = super().clean() or self.cleaned_data
        try:
            given["scope"] = chosen(*(str(given.get(key, "")).split(",") for key in ("tags", "agents")))
        except InvalidConfigError as exc:
            self.add_error(exc.where, f"{exc.what}. {exc.remedy}.")
        return given

    def scope(self) -> Scope:
        """What was given."""
        found: Scope = self.cleaned_data["scope"]
        return found


def typed(scope: Scope) -> dict[str, str]:
    """What the fields show of it."""
    return {"tags": ", ".join(sorted(scope.tags)), "agents": ", ".join(sorted(scope.agents))}
