"""Going back to a version of the configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from registry import mcpjson, registration, removal, storing
from registry.access import audit
from registry.errors import RegistryError
from registry.models import ConfigVersion, Desired, Role, Service
from registry.registration import Result


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
        storing.lock_head()
        results = _restore(servers, by, now) if servers else []
        kept = [result.name for result in results if result.error is None]
        for service in Service.objects.listed().exclude(name__in=servers):
            registration.remove(service.name, by=by, now=now, force=True)
            results.append(Result(name=service.name, outcome="removed"))
        started = _settle([(name, servers[name]) for name in kept], by, now)
        results = [_told(result, started) for result in results]
        audit.note(by, "rolled back", f"version {number}", now=now)
    mcpjson.export_pending(author=by, now=now)
    return results


def _restore(servers: dict[str, Any], by: str, now: datetime) -> list[Result]:
    """What was removed since comes back with its history; then each is given the entry of the version."""
    back = removal.last_removed(servers, now)
    removal.bring_back(back, by=by, now=now)
    results = registration.register(
        {"mcpServers": servers}, by=by, role=Role.ADMIN, now=now, limit=mcpjson.LARGEST
    )
    names = {service.name for service in back}
    for result in results:
        if result.name in names and result.error is not None:
            registration.remove(result.name, by=by, now=now, force=True)
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
            registration.set_desired(known[name].pk, Desired.RUNNING, by=by, now=now)
        if known[name].position != position:
            Service.objects.filter(pk=known[name].pk).update(position=position)
    return started
