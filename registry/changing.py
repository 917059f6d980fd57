"""Change parts of one service: its entry is put together anew and registered like any other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from registry import registration, storing
from registry.errors import InvalidConfigError
from registry.models import Desired, Role, Service

OWN = ("profile", "priority", "tags", "description", "timeout")
KNOWN = ("config", "desired", *OWN)


def change(name: str, changes: Mapping[str, Any], *, by: str, role: Role, now: datetime) -> str:
    """Apply *changes* as a whole or, with InvalidConfigError, not at all; null takes a property back.

    Says whether that "updated" the service or left it "unchanged".
    """
    _check(changes)
    with transaction.atomic():
        storing.lock_head()
        service = registration.get(name)
        desired, outcome = changes.get("desired", service.desired), "unchanged"
        if changes.keys() - {"desired"}:
            outcome = _register(service, changes, by=by, role=role, now=now)
        registration.set_desired(service.pk, desired, now=now)
        return outcome if desired == service.desired else "updated"


def _check(changes: Mapping[str, Any]) -> None:
    if unknown := sorted(changes.keys() - set(KNOWN)):
        raise InvalidConfigError(unknown[0][:80], "cannot be changed", f"Give some of {', '.join(KNOWN)}")
    if changes.get("desired", Desired.RUNNING) not in Desired.values:
        raise InvalidConfigError("desired", "is not known", f"Write one of {', '.join(Desired.values)}")
    if not isinstance(changes.get("config", {}), dict):
        raise InvalidConfigError("config", "must be an object", "Give one entry of an mcp.json")


def _register(service: Service, changes: Mapping[str, Any], *, by: str, role: Role, now: datetime) -> str:
    entry = dict(changes.get("config", service.entry))
    for key in OWN:
        if key in changes:
            entry[key] = changes[key]
    # What an entry says of `disabled` is older than what people have asked for since.
    kept = {
        key: value for key, value in entry.items() if value is not None and key not in ("disabled", "enabled")
    }
    (result,) = registration.register({"mcpServers": {service.name: kept}}, by=by, role=role, now=now)
    if result.error is not None:
        raise result.error
    return result.outcome
