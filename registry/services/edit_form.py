"""The edit form of a service: prefilled, dots for secrets, and only what was touched is sent on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from registry.core.entries import editing
from registry.core.entries.fields import written_timeout
from registry.models import Service, Transport
from registry.secrets import vault
from registry.services import change
from registry.services.forms import ServiceForm

LINES = ("headers", "args", "env")
LISTED = ("tags", "depends_on")
OF_STDIO, OF_URL = ("command", "args", "env", "cwd"), ("url", "headers", "auth")
OF_BOTH = ("description", "tags", "depends_on", "timeout", "profile", "priority")


WEB = {Transport.STREAMABLE_HTTP.value, Transport.SSE.value}
OF_CHECK = ("check_tool", "check_arguments", "check_expect")


def _check_texts(check: Mapping[str, Any]) -> dict[str, str]:
    """The functional check as the texts of its three fields."""
    arguments = check.get("arguments") or {}
    written = json.dumps(arguments, ensure_ascii=False, indent=2) if arguments else ""
    return {
        "check_tool": str(check.get("tool", "")),
        "check_arguments": written,
        "check_expect": str(check.get("expect", "")),
    }


def _unshown(check: Mapping[str, Any]) -> bool:
    """Whether the fields would change it by showing it: a text of several lines, or a very long one."""
    expect = str(check.get("expect", ""))
    return len(expect) > 1000 or expect != " ".join(expect.splitlines()).strip()


def _joined(between: str) -> Callable[[Mapping[str, str]], str]:
    return lambda pairs: "\n".join(f"{name}{between}{value}" for name, value in pairs.items())


_TEXTS: Mapping[str, Callable[[Any], str]] = {
    "headers": _joined(": "),
    "env": _joined("="),
    "args": "\n".join,
    "tags": ", ".join,
    "depends_on": ", ".join,
    "auth": lambda given: given if isinstance(given, str) else str(_("OAuth sign-in")),
    "timeout": lambda seconds: "" if seconds is None else f"{seconds:.10g}",
}


class EditForm(ServiceForm):
    """As `ServiceForm`, without the name. What a field cannot show without loss is locked, and stays."""

    name = None  # type: ignore[assignment]
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: QueryDict | None, *, service: Service, mark: str, propose: str = "") -> None:
        """*propose* is the transport that somebody was advised to choose; it is shown, and not yet saved."""
        shown = editing.flat(vault.masked_entry(service))
        check = shown.pop("check")
        first = {field: _TEXTS.get(field, str)(value) for field, value in shown.items()} | _check_texts(check)
        super().__init__(data, initial={**first, "transport": service.transport, "seen": mark})
        self.service = service
        self.proposed = propose if propose in WEB and service.transport in WEB - {propose} else ""
        if self.proposed and data is None:
            self.initial["transport"] = self.proposed
        self.fields["description"].widget = forms.Textarea(attrs={"rows": 2})
        for field in LINES:
            self.fields[field].widget.attrs["rows"] = min(max(2, first[field].count("\n") + 1), 12)
        if _unshown(check):
            for field in OF_CHECK:
                self._lock(field)
        for field, value in shown.items():
            limit = getattr(self.fields[field], "max_length", None)
            if _read(field, first[field]) != value or (limit and len(first[field]) > limit):
                self._lock(field)

    def _lock(self, field: str) -> None:
        self.fields[field].disabled = True
        self.fields[field].help_text = _(
            "This field cannot show the value completely. Import the entry to change it."
        )

    def about(self) -> str:
        """The service's name."""
        return self.service.name

    def entry(self) -> dict[str, Any]:
        """The service's entry as the form would make it, dots still in it; refused fields are left out."""
        refused = self.errors.keys()
        changes = {field: value for field, value in self.changes().items() if field not in refused}
        return change.typed(self.service, changes, self.transport_change())

    def stand_in(self, key: str) -> dict[str, Any]:
        """What the service has there now."""
        return {key: self.service.entry[key]} if key in self.service.entry else super().stand_in(key)

    def changes(self) -> dict[str, Any]:
        """By field, what differs from what the form was filled with; the transport is told apart."""
        given = self.cleaned_data
        stdio = given.get("transport", self.service.transport) == Transport.STDIO
        used = (*(OF_STDIO if stdio else OF_URL), *OF_BOTH)
        found = {
            field: _value(field, given[field]) for field in used if field in given and self._touched(field)
        }
        return found | ({"check": self.check()} if any(map(self._touched, OF_CHECK)) else {})

    def transport_change(self) -> str:
        """The transport, where another one was chosen."""
        return str(self.cleaned_data.get("transport", "")) if self._touched("transport") else ""

    def _touched(self, field: str) -> bool:
        return _plain(self[field].value()) != _plain(self.get_initial_for_field(self.fields[field], field))

    def forget_secrets(self) -> None:
        """Put what may hold a secret back to what was there: an empty field would take values away."""
        first = {field: self.initial[field] for field in self.secret_fields()}
        self.data = {**self.data.dict(), **first}  # type: ignore[attr-defined]


def _plain(text: object) -> str:
    """Browsers send other line ends, and people leave spaces at them."""
    return "\n".join(line.rstrip() for line in str(text or "").strip().splitlines())


def _value(field: str, cleaned: Any) -> Any:
    if field == "args":
        return [line for line in cleaned.splitlines() if line]
    if field in LISTED:
        return [tag.strip() for tag in cleaned.split(",") if tag.strip()]
    if field == "timeout":
        return None if cleaned is None else written_timeout(cleaned)
    return cleaned


def _read(field: str, text: str) -> Any:
    """What the form would understand of its own text."""
    if field in ("headers", "env"):
        between = ":" if field == "headers" else "="
        halves = [line.partition(between) for line in text.splitlines() if line.strip()]
        return {name.strip(): value.strip() for name, _between, value in halves}
    if field == "timeout":
        return float(text) if text else None
    return _value(field, text) if field in ("args", *LISTED) else text
