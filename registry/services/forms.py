"""The form for one service. It makes an entry; whether that is good, `register` alone decides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from registry.core.documents.places import show
from registry.core.entries import names as entry_names
from registry.core.entries import needs
from registry.core.entries.editing import field_of
from registry.core.entries.fields import LONGEST_TIMEOUT, written_timeout
from registry.core.entries.functional_check import CHECK
from registry.errors import InvalidConfigError
from registry.models import Priority, Profile, Transport

TRANSPORTS = [
    (Transport.STREAMABLE_HTTP, _("HTTP – streamable HTTP, the current standard")),
    (Transport.SSE, _("SSE – the older HTTP transport")),
    (Transport.STDIO, _("stdio – a program on the console's machine")),
]
_STAND_INS: Mapping[str, dict[str, Any]] = {
    "command": {"command": "true"},
    "url": {"url": "https://mcp.example.org/"},
}
SECRET_FIELDS = ("url", "args", "env", "headers", "auth", "check_arguments", "check_expect")


def _lines(rows: int, hint: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "code", "spellcheck": "false", "placeholder": hint})


class ServiceForm(forms.Form):
    """Fields of one entry; those that the transport does not use are left out of it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=1000,
        help_text=_("Letters, digits, dots, hyphens and underscores."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    transport = forms.ChoiceField(
        choices=TRANSPORTS, widget=forms.RadioSelect, label=_("Transport"), initial=Transport.STREAMABLE_HTTP
    )
    url = forms.CharField(
        label=_("URL"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "placeholder": "https://mcp.example.org/mcp",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )
    headers = forms.CharField(
        label=_("Headers"),
        required=False,
        help_text=_("One per line. Values are encrypted and never shown again."),
        widget=_lines(2, "Authorization: Bearer …"),
    )
    auth = forms.CharField(
        label=_("Bearer token"),
        required=False,
        max_length=8000,
        help_text=_("Encrypted and never shown again. Enter oauth if the server needs a sign-in."),
        widget=forms.TextInput(attrs={"class": "code", "autocomplete": "off", "spellcheck": "false"}),
    )
    command = forms.CharField(
        label=_("Command"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"placeholder": "npx", "autocomplete": "off", "spellcheck": "false"}),
    )
    args = forms.CharField(
        label=_("Arguments"),
        required=False,
        strip=False,
        help_text=_("One per line, without quotation marks."),
        widget=_lines(3, "-y\n@modelcontextprotocol/server-memory"),
    )
    env = forms.CharField(
        label=_("Environment"),
        required=False,
        help_text=_("One per line. Values are encrypted and never shown again."),
        widget=_lines(2, "API_TOKEN=…"),
    )
    cwd = forms.CharField(label=_("Working directory"), required=False, max_length=1000)
    description = forms.CharField(label=_("Description"), required=False, max_length=2000)
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=500, help_text=_("Separated by commas.")
    )
    depends_on = forms.CharField(
        label=_("Depends on"),
        required=False,
        max_length=2000,
        help_text=_("Names of services, separated by commas. This service starts after them."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "list": "service-names",
                "hx-get": reverse_lazy("service_names"),
                "hx-trigger": "focus once, input changed delay:150ms",
                "hx-target": "#service-names",
                "hx-swap": "innerHTML",
            }
        ),
    )
    timeout = forms.FloatField(
        label=_("Tool call timeout"),
        required=False,
        min_value=0.001,
        max_value=LONGEST_TIMEOUT,
        help_text=_("Seconds. Leave empty to use the policy."),
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )
    profile = forms.ChoiceField(
        choices=Profile.choices,
        label=_("Profile"),
        initial=Profile.NORMAL,
        help_text=_("Check interval, thresholds and timeouts. See Policies."),
    )
    priority = forms.ChoiceField(
        choices=Priority.choices,
        label=_("Priority"),
        initial=Priority.NORMAL,
        help_text=_("Higher priorities reconnect first."),
    )

    check_tool = forms.CharField(
        label=_("Functional check: tool"),
        required=False,
        max_length=200,
        help_text=_("Called after each successful health check. Leave empty for no functional check."),
        widget=forms.TextInput(attrs={"class": "code", "autocomplete": "off", "spellcheck": "false"}),
    )
    check_arguments = forms.CharField(
        label=_("Functional check: arguments"),
        required=False,
        help_text=_("A JSON object. Leave empty for none."),
        widget=_lines(2, '{"city": "Berlin"}'),
    )
    check_expect = forms.CharField(
        label=_("Functional check: expected text"),
        required=False,
        max_length=1000,
        help_text=_("The result must contain it. Leave empty to accept any result without an error."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_name(self) -> str:
        """A possible name; one that is not gets the nearest offered, as everywhere."""
        try:
            return entry_names.check(self.cleaned_data["name"], ())
        except InvalidConfigError as exc:
            raise forms.ValidationError(f"{exc.what}. {exc.remedy}.") from None

    def clean_check_arguments(self) -> dict[str, Any]:
        """The object that was typed."""
        try:
            given = json.loads(self.cleaned_data["check_arguments"] or "{}")
        except (ValueError, RecursionError):
            raise forms.ValidationError(_('Not valid JSON. Write {"name": "value"}.')) from None
        if not isinstance(given, dict):
            raise forms.ValidationError(_('Must be a JSON object. Write {"name": "value"}.'))
        return given

    def check(self) -> dict[str, Any]:
        """The functional check as it stands in an entry; empty for none."""
        given = self.cleaned_data
        if not given.get("check_tool"):
            return {}
        parts = {"arguments": given.get("check_arguments"), "expect": given.get("check_expect")}
        return {"tool": given["check_tool"]} | {key: value for key, value in parts.items() if value}

    def clean_headers(self) -> dict[str, str]:
        """Lines as a mapping."""
        return _pairs(self.cleaned_data["headers"], ":", _("Line %d does not have the form “Name: value”."))

    def clean_env(self) -> dict[str, str]:
        """Lines as a mapping."""
        return _pairs(self.cleaned_data["env"], "=", _("Line %d does not have the form “NAME=value”."))

    def clean_auth(self) -> str:
        """The token alone: the word Bearer is added when it is sent."""
        return re.sub(r"^bearer\s+", "", str(self.cleaned_data["auth"]), flags=re.IGNORECASE)

    def entry(self) -> dict[str, Any]:
        """The entry as it would stand in an mcp.json; a field that was refused is left out."""
        given: dict[str, Any] = {**dict.fromkeys(self.fields, ""), **self.cleaned_data}
        stdio = given["transport"] == Transport.STDIO
        own = ("command", "env", "cwd") if stdio else ("url", "headers", "auth")
        entry = {key: given[key] for key in (*own, "description")}
        entry |= {
            key: given[key] for key in ("profile", "priority") if given[key] not in ("", Profile.NORMAL)
        }
        if given["timeout"] not in (None, ""):
            entry["timeout"] = written_timeout(given["timeout"])
        if stdio:
            entry["args"] = [line for line in given["args"].splitlines() if line]
        needed = [name.strip() for name in given["depends_on"].split(",") if name.strip()]
        entry[needs.KEY] = list(dict.fromkeys(needed))
        entry[CHECK] = self.check()
        entry["tags"] = [tag.strip() for tag in given["tags"].split(",") if tag.strip()]
        kept = {key: value for key, value in entry.items() if value}
        must = {"command": given["command"]} if stdio else {"url": given["url"]}
        return {"type": given["transport"]} | kept | must

    def about(self) -> str:
        """The service's name."""
        return str(self.cleaned_data.get("name", ""))

    def blame(self, error: InvalidConfigError) -> str | None:
        """Put an error of `registration` beside the field it is about, and say which that is."""
        about = show(("mcpServers", self.about()))
        parts = re.split(r"[.\[]", error.where.removeprefix(about))
        parts += [asked.removeprefix(f"{self.about()}.").partition(".")[0] for asked in error.asks]
        field = next((name for part in parts if (name := field_of(part)) in self.fields), None)
        self.add_error(field, f"{error.what}. {error.remedy}.".replace("..", "."))
        return field

    def blame_all(self, problem: Callable[[Mapping[str, Any]], InvalidConfigError | None]) -> None:
        """Tell every problem of the entry, not only the first; *problem* finds the first of an entry."""
        entry = self.entry()
        for _attempt in self.fields:
            error = problem(entry)
            field = self.blame(error) if error is not None and error.what not in str(self.errors) else None
            key = next((key for key in entry if field_of(key) == field), None)
            if key is None:
                return
            entry = {name: value for name, value in entry.items() if name != key} | self.stand_in(key)

    def stand_in(self, key: str) -> dict[str, Any]:
        """What stands for a refused key of the entry while the rest is looked at."""
        return _STAND_INS.get(key, {})

    def forget_secrets(self) -> None:
        """Empty what may hold a secret: a form never shows one again, not even to who typed it."""
        self.data = {**self.data.dict(), **dict.fromkeys(self.secret_fields(), "")}  # type: ignore[attr-defined]

    def secret_fields(self) -> tuple[str, ...]:
        """The fields that may hold a secret; a command does where its arguments stand in it."""
        words = str(self.data.get("command", "")).split()
        return (*SECRET_FIELDS, "command") if len(words) > 1 else SECRET_FIELDS


def _pairs(text: str, between: str, problem: Any) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, found, value = line.partition(between)
        if not found or not name.strip():
            raise forms.ValidationError(problem % number)
        pairs[name.strip()] = value.strip()
    return pairs
