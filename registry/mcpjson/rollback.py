"""Roll the configuration back to an earlier version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from registry.access import audit
from registry.core.documents import dialects
from registry.errors import RegistryError
from registry.mcpjson import image
from registry.models import ConfigVersion, Desired, Role, Service
from registry.removed import operations as removed_operations
from registry.services import register, store_rows
from registry.services.register import Result


class VersionNotFoundError(RegistryError):
    """No version of this number was kept."""

    code = "version_not_found"


def get(number: int) -> ConfigVersion:
    """The version of this number."""
    try:
        return ConfigVersion.objects.get(number=number)
    except ConfigVersion.DoesNotExist:
        raise VersionNotFoundError(f"There is no version {number}.") from None


def newest_first() -> QuerySet[ConfigVersion]:
    """Every version that was kept, without its document."""
    return ConfigVersion.objects.defer("document").order_by("-number")


def rollback(number: int, *, by: str, now: datetime) -> list[Result]:
    """Make the configuration what it was in this version, whole or not at all, and export it as a new one.

    Secrets have the values they have now. An entry that cannot be taken any more is reported and left out.
    """
    servers: dict[str, Any] = json.loads(get(number).document)["mcpServers"]
    with transaction.atomic():
        store_rows.lock_head()
        results = _restore(servers, by, now) if servers else []
        kept = [result.name for result in results if result.error is None]
        results += _remove(Service.objects.listed().exclude(name__in=servers), by, now)
        started = _settle([(name, servers[name]) for name in kept], by, now)
        results = [_told(result, started) for result in results]
        audit.note(by, "rolled back", f"version {number}", now=now)
    image.export_pending(author=by, now=now)
    return results


def _remove(gone: QuerySet[Service], by: str, now: datetime) -> list[Result]:
    said = []
    for service in gone:
        said.append(audit.Member(name=service.name, before=store_rows.picture(service)))
        register.remove(service.name, by=by, now=now, force=True, audited=False)
    audit.together(by, "service removed", said, now=now)
    return [Result(name=one.name, outcome="removed") for one in said]


def _restore(servers: dict[str, Any], by: str, now: datetime) -> list[Result]:
    """What was removed since comes back with its history; then each is given the entry of the version."""
    back = removed_operations.last_removed(servers, now)
    removed_operations.restore_rows(back, by=by, now=now)
    document = dialects.own(servers, limit=image.LARGEST)
    results = register.register(document, by=by, role=Role.ADMIN, now=now)
    names = {service.name for service in back}
    for result in results:
        if result.name in names and result.error is not None:
            register.remove(result.name, by=by, now=now, force=True)
    return [
        replace(result, outcome="created") if result.name in names and result.error is None else result
        for result in results
    ]


def _told(result: Result, started: set[str]) -> Result:
    """To be started is a change too."""
    changed = result.outcome == "unchanged" and result.name in started
    return replace(result, outcome="updated") if changed else result


def _settle(entries: list[tuple[str, Mapping[str, Any]]], by: str, now: datetime) -> set[str]:
    """What the entries alone do not say: running where nothing speaks against it, and their order.

    Returns the names of those that were to be stopped, and are to run now.
    """
    started = set()
    known = {service.name: service for service in Service.objects.listed()}
    positions = sorted(known[name].position for name, _ in entries)
    for position, (name, entry) in zip(positions, entries, strict=True):
        if "enabled" not in entry and "disabled" not in entry:
            if known[name].desired == Desired.STOPPED:
                started.add(name)
            register.set_desired(known[name].pk, Desired.RUNNING, by=by, now=now)
        if known[name].position != position:
            Service.objects.filter(pk=known[name].pk).update(position=position)
    return started
