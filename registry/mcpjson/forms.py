"""The form of an export with secret values: whose document, and the passphrase twice."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from registry.agents import operations as agent_operations
from registry.agents.operations import GLOBAL_AGENT
from registry.errors import InvalidConfigError
from registry.mcpjson import passphrase


def _password(label: Any, **more: Any) -> forms.CharField:
    attrs = {"autocomplete": "new-password", "spellcheck": "false"}
    return forms.CharField(label=label, strip=False, widget=forms.PasswordInput(attrs=attrs), **more)


class ExportForm(forms.Form):
    """Never shows a passphrase again."""

    agent = forms.ChoiceField(label=_("Services"), initial=GLOBAL_AGENT)
    passphrase = _password(
        _("Passphrase"),
        min_length=passphrase.SHORTEST,
        help_text=_("At least %d characters. It is not stored: without it the secrets in the file are lost.")
        % passphrase.SHORTEST,
    )
    again = _password(_("Repeat passphrase"))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        names = [
            agent.name for agent in agent_operations.everyone() if not agent_operations.is_builtin(agent)
        ]
        whole = (GLOBAL_AGENT, _("All services"))
        self.fields["agent"].choices = [  # type: ignore[attr-defined]
            whole,
            *((name, _now("Same as agent %s") % name) for name in names),
        ]

    def clean(self) -> dict[str, Any]:
        """The two passphrases must be the same."""
        given = super().clean() or self.cleaned_data
        if {"passphrase", "again"} <= given.keys() and given["passphrase"] != given["again"]:
            self.add_error("again", _("The passwords do not match. Enter both again."))
        return given

    def blame(self, error: InvalidConfigError) -> None:
        """Put an error of the export beside its field."""
        field = error.where if error.where in self.fields else None
        self.add_error(field, f"{error.what}. {error.remedy}.")
