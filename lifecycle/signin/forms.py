"""The form of a client that was registered by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ClientForm(forms.Form):
    """An empty client id forgets the client; the secret is written and never shown."""

    client_id = forms.CharField(
        label=_("Client ID"),
        required=False,
        max_length=500,
        help_text=_("Leave empty: the console finds or registers a client by itself."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=2000,
        help_text=_("Leave empty to keep the current one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    issuer = forms.URLField(
        label=_("Issuer"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_(
            "The authorization server where the client was registered. The secret is sent nowhere else."
        ),
        widget=forms.TextInput(attrs={**PLAIN, "placeholder": "https://login.example.com"}),
    )
    scope = forms.CharField(
        label=_("Scopes"),
        required=False,
        max_length=1000,
        help_text=_("Separated by spaces. Leave empty to use what the server asks for."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    machine = forms.BooleanField(
        label=_("Client credentials: the console signs in by itself, without a person's consent"),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("secret") and not given.get("issuer"):
            self.add_error("issuer", _("Enter the issuer: the secret is sent only to that server."))
        return given
