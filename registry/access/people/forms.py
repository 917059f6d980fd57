"""Forms of people: an invitation, and the password that its link asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from registry.access.scope.forms import ScopeForm
from registry.errors import InvalidConfigError
from registry.models import Role

ROLES = [
    (Role.VIEWER.value, _("Viewer: read-only")),
    (Role.OPERATOR.value, _("Operator: adds, edits, starts and stops services")),
    (Role.ADMIN.value, _("Admin: everything, including people and stdio commands")),
]
ROLE_WORDS = {Role.VIEWER: _("Viewer"), Role.OPERATOR: _("Operator"), Role.ADMIN: _("Admin")}


class InviteForm(ScopeForm):
    """Name, mail address, role and scope of a new person."""

    name = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    email = forms.EmailField(
        label=_("Email address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=ROLES, widget=forms.RadioSelect, initial=Role.VIEWER.value
    )

    def blame(self, error: InvalidConfigError) -> None:
        """Put an error of `operations.invite` beside its field."""
        self.add_error("tags" if error.where == "tags" else "name", f"{error.what}. {error.remedy}.")


if TYPE_CHECKING:
    _SetPassword = SetPasswordForm[User]
else:
    _SetPassword = SetPasswordForm


class WelcomeForm(_SetPassword):
    """A password, twice."""

    error_messages = {
        **SetPasswordForm.error_messages,
        "password_mismatch": _("The passwords do not match. Enter both again."),
    }

    def __init__(self, user: User, *args: Any, **more: Any) -> None:
        super().__init__(user, *args, **more)
        for field, label in (("new_password1", _("Password")), ("new_password2", _("Repeat password"))):
            self.fields[field].label = label
            self.fields[field].help_text = ""
        self.fields["new_password1"].help_text = _("At least 8 characters, and not a commonly used password.")
