"""The form of a channel, made from the fields of its kind. A secret is sealed and never shown again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.kind import Field, Kind, Shape
from lifecycle.models import AlertRule, Channel

QUIET = {"autocomplete": "off", "spellcheck": "false"}


class ChannelForm(forms.Form):
    """`about` is the channel being edited, None for a new one; `made_secret` one to be shown, once."""

    name = forms.CharField(label=lazy("Name"), max_length=100)
    enabled = forms.BooleanField(label=lazy("Enabled"), required=False, initial=True)
    all_rules = forms.BooleanField(label=lazy("Use it for all existing rules"), required=False, initial=True)

    def __init__(self, kind: Kind, *args: Any, about: Channel | None = None, **kwargs: Any) -> None:
        self.kind, self.about, self.made_secret = kind, about, ""
        self.config = config.unseal(about.sealed) if about else Config()
        kwargs.setdefault("initial", self._shown() if about else {})
        super().__init__(*args, **kwargs)
        for field in kind.fields:
            self.fields[field.name] = _input(field, about)
            if _can_be_emptied(field) and self.config.value(field.name):
                self.fields[f"clear-{field.name}"] = forms.BooleanField(
                    label=_("Remove: %(what)s") % {"what": field.label}, required=False
                )
        if about is not None or not kind.alerts:
            del self.fields["all_rules"]

    def _shown(self) -> dict[str, Any]:
        """What the form may show of a channel that is there."""
        assert self.about is not None
        own = {field.name: self.config.value(field.name) for field in self.kind.fields if not field.secret}
        return {**own, "name": self.about.name, "enabled": self.about.enabled}

    @property
    def settings(self) -> list[forms.BoundField]:
        """The fields of this kind alone, in their order."""
        own = {field.name for field in self.kind.fields}
        return [self[name] for name in self.fields if name.removeprefix("clear-") in own]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Channel.objects.filter(name=name)
        if self.about is not None:
            others = others.exclude(pk=self.about.pk)
        if others.exists():
            raise forms.ValidationError(_("A channel with this name already exists. Choose another name."))
        return name

    def clean(self) -> None:
        for field in self.kind.fields:
            if field.name in self.cleaned_data:
                try:
                    self.cleaned_data[field.name] = self._settled(field, self.cleaned_data[field.name])
                except forms.ValidationError as exc:
                    self.add_error(field.name, exc)

        self._keep_secrets_at_home()

    def _keep_secrets_at_home(self) -> None:
        """A secret that is kept goes to no other address than the one that it was given for."""
        old, new = origin(self.config.value("url")), origin(self.cleaned_data.get("url") or "")
        if (
            old == ("", "")
            or old == new
            or any(field.name == "url" and field.secret for field in self.kind.fields)
        ):
            return
        for field in self.kind.fields:
            emptied = _can_be_emptied(field) and self.data.get(f"clear-{field.name}")
            kept = self.config.value(field.name) and not self.data.get(field.name) and not emptied
            if field.secret and kept:
                self.add_error(field.name, _("The address has changed: enter this value again."))

    def _settled(self, field: Field, typed: str) -> str:
        """As it is kept: what was typed, else a secret that is there already, else one that is made."""
        if typed:
            return field.check(typed)
        if self.data.get(f"clear-{field.name}") and _can_be_emptied(field):
            return ""
        if field.secret and (kept := self.config.value(field.name)):
            return kept
        if field.made is not None:
            self.made_secret = field.made()
            return self.made_secret
        return field.default

    def forget_secrets(self) -> None:
        """Empty what is write-only: a form never shows it again, not even to who typed it."""
        secret = {field.name: "" for field in self.kind.fields if field.secret}
        self.data = {**self.data.dict(), **secret}  # type: ignore[attr-defined]

    def save(self, now: datetime) -> Channel:
        """Write the channel; call it when the form is valid."""
        channel = self.about or Channel(kind=self.kind.key, created_at=now)
        self.config = self.config.having(
            {field.name: self.cleaned_data[field.name] for field in self.kind.fields}
        )
        channel.name, channel.enabled = self.cleaned_data["name"], self.cleaned_data["enabled"]
        if channel.enabled:
            channel.disabled_reason = ""
        channel.sealed = config.seal(self.config)
        channel.summary = self.kind.summary(self.config)
        channel.save()
        if self.cleaned_data.get("all_rules"):
            channel.rules.add(*AlertRule.objects.all())
        return channel


def origin(url: str) -> tuple[str, str]:
    """Where a URL leads; empty where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return (parts.scheme, parts.netloc.lower()) if parts.netloc else ("", "")


def _can_be_emptied(field: Field) -> bool:
    """A secret that the channel can do without; one that is made is replaced instead."""
    return field.secret and not field.required and field.made is None


def _input(field: Field, about: Channel | None) -> forms.Field:
    """The form's field; of a secret that is kept only the fact that it is."""
    kept = about is not None and field.secret
    made: forms.Field
    if field.shape is Shape.CHOICE:
        made = forms.ChoiceField(choices=field.choices)
    else:
        placeholder = about.summary if about and kept and field.shape is Shape.URL else field.placeholder
        made = forms.CharField(max_length=field.longest, widget=_widget(field, placeholder))
    made.label, made.initial = str(field.label), field.default
    made.required = field.required and not kept
    made.help_text = f"{_('Empty: keep the current one.')} {field.help}".strip() if kept else str(field.help)
    return made


def _widget(field: Field, placeholder: str) -> forms.Widget:
    attributes = {**QUIET, "placeholder": placeholder}
    if field.shape is Shape.LINES:
        return forms.Textarea(attrs={**attributes, "rows": 2})
    if field.shape is Shape.URL:
        return forms.TextInput(attrs={**attributes, "inputmode": "url"})
    if field.secret:
        return forms.PasswordInput(attrs={**attributes, "autocomplete": "new-password"})
    return forms.TextInput(attrs=attributes)
