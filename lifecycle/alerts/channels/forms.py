"""The forms of channels. What was typed as a secret is sealed and never shown again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import config
from lifecycle.alerts.channels.config import Config
from lifecycle.engine.egress import addresses
from lifecycle.models import AlertRule, Channel
from registry.core.entries.addresses import address_of

RECIPIENTS_AT_MOST = 50


class ChannelForm(forms.Form):
    """What every channel has. `about` is the channel being edited, None for a new one."""

    kind = Channel.Kind.CONSOLE
    name = forms.CharField(label=lazy("Name"), max_length=100)
    enabled = forms.BooleanField(label=lazy("Enabled"), required=False, initial=True)
    all_rules = forms.BooleanField(label=lazy("Use it for all existing rules"), required=False, initial=True)

    def __init__(self, *args: Any, about: Channel | None = None, **kwargs: Any) -> None:
        self.about, self.made_secret = about, ""
        self.config = config.unseal(about.sealed) if about else Config()
        kwargs.setdefault("initial", self.shown() if about else {})
        super().__init__(*args, **kwargs)
        if about is not None:
            del self.fields["all_rules"]

    def shown(self) -> dict[str, Any]:
        """What the form may show of a channel that is there."""
        return {"name": self.about.name, "enabled": self.about.enabled} if self.about else {}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Channel.objects.filter(name=name)
        if self.about is not None:
            others = others.exclude(pk=self.about.pk)
        if others.exists():
            raise forms.ValidationError(_("A channel with this name exists already. Choose another name."))
        return name

    def configured(self) -> Config:
        """The configuration with what was typed."""
        return self.config

    def forget_secrets(self) -> None:
        """Empty what is write-only: a form never shows it again, not even to who typed it."""

    def save(self, now: datetime) -> Channel:
        """Write the channel; call it when the form is valid."""
        channel = self.about or Channel(kind=self.kind, created_at=now)
        self.config = self.configured()
        channel.name, channel.enabled = self.cleaned_data["name"], self.cleaned_data["enabled"]
        if channel.enabled:
            channel.disabled_reason = ""
        channel.sealed = config.seal(self.config)
        channel.summary = config.summary(channel.kind, self.config)
        channel.save()
        if self.cleaned_data.get("all_rules"):
            channel.rules.add(*AlertRule.objects.all())
        return channel


class EmailForm(ChannelForm):
    """Recipients are no secret: they are shown to whoever may edit them."""

    kind = Channel.Kind.EMAIL
    to = forms.CharField(
        label=lazy("Recipients"),
        max_length=5000,
        help_text=lazy("Mail addresses, separated by commas or line breaks."),
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "ops@example.org", "spellcheck": "false"}),
    )
    field_order = ("name", "to")

    def shown(self) -> dict[str, Any]:
        return {**super().shown(), "to": "\n".join(self.config.to)}

    def clean_to(self) -> tuple[str, ...]:
        """Each address once, each of them checked."""
        typed = re.split(r"[,;\s]+", self.cleaned_data["to"].strip(",; \n"))
        found = tuple(dict.fromkeys(address for address in typed if address))
        if len(found) > RECIPIENTS_AT_MOST:
            raise forms.ValidationError(_("At most %(n)d recipients.") % {"n": RECIPIENTS_AT_MOST})
        for address in found:
            _check_address(address)
        return found

    def configured(self) -> Config:
        return replace(self.config, to=self.cleaned_data["to"])


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except forms.ValidationError:
        problem = _("“%(address)s” is not a mail address. Write it like name@example.org.")
        raise forms.ValidationError(problem % {"address": address[:100]}) from None


class WebhookForm(ChannelForm):
    """URL and secret are write-only: left empty they stay as they are."""

    kind = Channel.Kind.WEBHOOK
    url = forms.CharField(
        label=lazy("URL"),
        max_length=2000,
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "placeholder": "https://hooks.example.org/…",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )
    secret = forms.CharField(
        label=lazy("Signing secret"),
        required=False,
        max_length=200,
        help_text=lazy("Empty: one is generated, and shown once after saving."),
        widget=forms.PasswordInput(attrs={"placeholder": "whsec_…", "autocomplete": "new-password"}),
    )
    field_order = ("name", "url", "secret")

    def __init__(self, *args: Any, about: Channel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, about=about, **kwargs)
        if about is not None:
            keep = _("Empty: keep the current one.")
            self.fields["url"].required = False
            self.fields["url"].widget.attrs["placeholder"] = about.summary
            self.fields["url"].help_text = self.fields["secret"].help_text = keep

    def forget_secrets(self) -> None:
        self.data = {**self.data.dict(), "url": ""}  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        return _checked_url(url) if url else self.config.url

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        if not secret:
            if not self.config.secret:
                self.made_secret = config.new_secret()
            return self.config.secret or self.made_secret
        try:
            config.secret_bytes(secret)
        except ValueError:
            problem = _(
                "A signing secret is “whsec_” and 24 to 64 bytes in base64. Leave it empty to generate one."
            )
            raise forms.ValidationError(problem) from None
        return secret

    def configured(self) -> Config:
        return replace(self.config, url=self.cleaned_data["url"], secret=self.cleaned_data["secret"])


def _checked_url(url: str) -> str:
    """The URL, if it may be reached as far as can be told without looking its name up."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise forms.ValidationError(_("This is not a URL.")) from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", url):
        raise forms.ValidationError(_("Write a URL that begins with https:// or http://."))
    address = address_of(host)
    if address and (
        why := addresses.refusal(str(address), addresses.Rule.read(settings.EGRESS_ALLOW, private=False))
    ):
        raise forms.ValidationError(f"{why}.")
    return url


FORMS: dict[str, type[ChannelForm]] = {
    Channel.Kind.EMAIL: EmailForm,
    Channel.Kind.WEBHOOK: WebhookForm,
    Channel.Kind.CONSOLE: ChannelForm,
}
