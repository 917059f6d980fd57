"""Change parts of one service: its entry is put together anew and registered like any other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from registry.access import audit
from registry.core.clients.translation import in_our_terms
from registry.core.documents import dialects
from registry.core.documents.dialects import Document
from registry.core.entries import editing, filling, needs
from registry.errors import InvalidConfigError, RegistryError
from registry.models import Desired, Role, Service
from registry.services import register, store_rows

OWN = ("profile", "priority", "tags", "description", "timeout")
KNOWN = ("config", "desired", "depends_on", *OWN)
Part = Callable[..., bool]
PARTS: dict[str, Part] = {}
"""What other rooms keep of a service, by the name of the property.

Called as `part(name, value, by=, role=, now=)` in the transaction of the change; says whether it did any.
"""


def change(name: str, changes: Mapping[str, Any], *, by: str, role: Role, now: datetime) -> str:
    """Apply *changes* as a whole or, with InvalidConfigError, not at all; null takes a property back.

    Says whether that "updated" the service or left it "unchanged".
    """
    _check(changes)
    with transaction.atomic():
        store_rows.lock_head()
        service = register.get(name)
        desired, outcome = changes.get("desired", service.desired), "unchanged"
        if changes.keys() - {"desired", *PARTS}:
            outcome = _register(service, changes, by=by, role=role, now=now)
        register.set_desired(service.pk, desired, by=by, now=now)
        if desired != service.desired:
            turned = store_rows.turned(service.desired, desired)
            audit.note(by, "service changed", name, f"to be {desired}", now=now, **turned)
        parts = [
            part(name, changes[key], by=by, role=role, now=now)
            for key, part in PARTS.items()
            if key in changes
        ]
        return "updated" if any(parts) or desired != service.desired else outcome


def known() -> list[str]:
    """The properties that can be changed."""
    return [*KNOWN, *PARTS]


def _check(changes: Mapping[str, Any]) -> None:
    if unknown := sorted(changes.keys() - set(known())):
        raise InvalidConfigError(unknown[0][:80], "cannot be changed", f"Give some of {', '.join(known())}")
    if changes.get("desired", Desired.RUNNING) not in Desired.values:
        raise InvalidConfigError("desired", "is not known", f"Write one of {', '.join(Desired.values)}")
    if not isinstance(changes.get("config", {}), dict):
        raise InvalidConfigError("config", "must be an object", "Give one entry of an mcp.json")


def change_many(
    changes: Mapping[str, Mapping[str, Any]], *, by: str, role: Role, now: datetime, audited: bool = True
) -> dict[str, InvalidConfigError | None]:
    """Apply changes of `OWN` to several services at once, a few hundred at most; by name what kept one back.

    Not *audited*: the caller has noted them already. Names that are not there are left out of the answer.
    """
    with transaction.atomic():
        store_rows.lock_head()
        found = register.called(changes)
        entries = {name: _entry(service, changes[name]) for name, service in found.items()}
        document = dialects.own(entries)
        results = register.register(document, by=by, role=role, now=now, audited=audited) if entries else []
    return {result.name: result.error for result in results}


def _register(service: Service, changes: Mapping[str, Any], *, by: str, role: Role, now: datetime) -> str:
    document = dialects.own({service.name: _entry(service, changes)})
    (result,) = register.register(document, by=by, role=role, now=now)
    if result.error is not None:
        raise result.error
    return result.outcome


def _entry(service: Service, changes: Mapping[str, Any]) -> dict[str, Any]:
    entry = in_our_terms(changes["config"]) if "config" in changes else dict(service.entry)
    for key in OWN:
        if key in changes:
            entry[key] = changes[key]
    if "depends_on" in changes:
        entry = {key: value for key, value in entry.items() if not needs.says(key, value)}
        entry[needs.KEY] = changes["depends_on"] or None
    # What an entry says of `disabled` is older than what people have asked for since.
    return {
        key: value for key, value in entry.items() if value is not None and key not in ("disabled", "enabled")
    }


class ChangedMeanwhileError(RegistryError):
    """The service is no longer what the form was made from."""

    code = "changed_meanwhile"


def mark(service: Service) -> str:
    """What a form of this service was made from: any other configuration has another mark."""
    entry = json.dumps(service.entry, sort_keys=True).encode()
    return f"{service.revision}-{hashlib.sha256(entry).hexdigest()[:16]}"


def edit(
    name: str,
    changes: Mapping[str, Any],
    *,
    seen: str,
    by: str,
    role: Role,
    now: datetime,
    transport: str = "",
) -> str:
    """Apply a form's *changes* by field to the entry that it was made from; the rest stays as it is written.

    ChangedMeanwhileError if that is no longer the entry; InvalidConfigError as for registration.
    """
    with transaction.atomic():
        store_rows.lock_head()
        service = register.get(name)
        if mark(service) != seen:
            raise ChangedMeanwhileError(f"{name} was changed in the meantime.")
        if not changes and not transport:
            return "unchanged"
        (result,) = register.register(edited(service, changes, transport), by=by, role=role, now=now)
    if result.error is not None:
        raise result.error
    return result.outcome


def edited(service: Service, changes: Mapping[str, Any], transport: str = "") -> Document:
    """The entry as the form makes it, its hidden values put back where they were left."""
    base, place = editing.base(service.entry, changes), ("mcpServers", service.name)
    return dialects.own({service.name: filling.unmask(typed(service, changes, transport), base, place)})


def typed(service: Service, changes: Mapping[str, Any], transport: str = "") -> dict[str, Any]:
    """The entry with the changes, dots still in them; it is enabled as people have asked for since."""
    entry = editing.applied(service.entry, changes, transport)
    running = service.desired == Desired.RUNNING
    return entry | {
        key: value for key, value in (("enabled", running), ("disabled", not running)) if key in entry
    }
