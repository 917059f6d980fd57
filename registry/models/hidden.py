"""Columns whose values name other services: whoever is limited reads them without the names of hidden ones.

Only reading is touched. Whoever writes such a row writes without limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models

from registry.core.entries import needs
from registry.models.limits import current

HIDDEN = "…"
if TYPE_CHECKING:
    _Text = models.TextField[str, str]
    _Line = models.CharField[str, str]
    _Json = models.JSONField[Any, Any]
else:
    _Text, _Line, _Json = models.TextField, models.CharField, models.JSONField


def shown(names: Iterable[str]) -> list[str]:
    """Those of visible services; HIDDEN, once, in the place of all others."""
    wanted = list(names)
    rows = apps.get_model("registry", "Service").objects.filter(name__in=wanted)
    seen = set(rows.values_list("name", flat=True))
    return list(dict.fromkeys(name if name in seen else HIDDEN for name in wanted))


def replaced(text: str, naming: Mapping[str, str]) -> str:
    """The text without the parts that name services."""
    for pattern, instead in naming.items():
        text = re.sub(pattern, instead, text, flags=re.DOTALL)
    return text


def seen(entry: Any) -> Any:
    """An entry of an mcp.json without the names of hidden services that it depends on."""
    if isinstance(entry, dict) and current() and (named := needs.stored(entry)):
        return needs.written(entry, shown(named))
    return entry


def _as(base: str, parts: Any) -> Any:
    """To the database it is a column like any other, so no migration tells them apart."""
    name, _path, args, kwargs = parts
    return name, f"django.db.models.{base}", args, kwargs


class NamesField(_Text):
    """Names of services with spaces between."""

    def deconstruct(self) -> Any:
        return _as("TextField", super().deconstruct())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return " ".join(shown(value.split())) if value and current() else value


class SaidField(_Line):
    """A sentence that may name other services. By a pattern of such a part what stands there instead."""

    def __init__(self, *args: Any, naming: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        self.naming = naming or {}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        return _as("CharField", super().deconstruct())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return replaced(value, self.naming) if value and current() else value


class MessageField(_Json):
    """A message as it is sent: its text, and the names of the services that need the failed one."""

    def __init__(self, *args: Any, naming: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        self.naming = naming or {}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        return _as("JSONField", super().deconstruct())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        payload = super().from_db_value(value, expression, connection)
        if not (current() and isinstance(payload, dict) and isinstance(payload.get("data"), dict)):
            return payload
        data = {**payload["data"], "message": replaced(str(payload["data"].get("message", "")), self.naming)}
        if "dependents" in data:
            data |= {"dependents": shown(data["dependents"]), "dependents_count": None}
        return {**payload, "data": data}


class EntryField(_Json):
    """An entry of an mcp.json, which says what the service depends on."""

    def deconstruct(self) -> Any:
        return _as("JSONField", super().deconstruct())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return seen(super().from_db_value(value, expression, connection))
