"""The form of a new API token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from registry.access.people.forms import ROLE_WORDS
from registry.access.roles import at_least
from registry.access.scope.forms import ScopeForm
from registry.models import Role

LIVES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), ("0", _("never"))]


class TokenForm(ScopeForm):
    """What it is for, what it may do, with which services, and how long."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("What uses it, such as “nightly backup”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"))
    days = forms.ChoiceField(label=_("Expires after"), choices=LIVES, initial="90")

    def __init__(self, data: Any = None, *, own: Role) -> None:
        super().__init__(data, initial={"role": Role.VIEWER.value})
        choices = [(role.value, ROLE_WORDS[role]) for role in Role if at_least(own, role)]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A scope is for what is no admin's."""
        given = super().clean()
        if given.get("scope") and given.get("role") == Role.ADMIN:
            self.add_error("role", _("An admin sees all services. Choose another role, or clear the scope."))
        return given

    def lives(self) -> timedelta | None:
        """None: it does not expire."""
        return timedelta(days=int(self.cleaned_data["days"])) or None
