"""Removed and archived services: kept for a while, restored on request, deleted in the end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, QuerySet

from registry.access import audit
from registry.access.roles import at_least
from registry.core.entries import needs
from registry.dependencies import links
from registry.errors import NotAllowedError, NotPossibleError, RegistryError
from registry.models import Dependency, RegistryHead, Role, Service
from registry.models.hidden import shown
from registry.models.limits import unlimited
from registry.secrets import vault
from registry.services import register, store_rows

KEPT = timedelta(days=7)
ROWS_AT_ONCE = 1000


class RemovedNotFoundError(RegistryError):
    """Nothing of this name, or number, is kept."""

    code = "removed_not_found"


class NameTakenError(NotPossibleError):
    """Another service has had the name since."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The name {name} is taken. Remove that service first, then restore this one: "
            "both are kept for 7 days."
        )


class MissingNeedsError(NotPossibleError):
    """What the service depends on is not there."""

    code = "needs_missing"

    def __init__(self, name: str, missing: list[str]) -> None:
        super().__init__(
            f"{name} depends on {links.few(shown(missing))}, which is not registered. "
            "Restore or add that first, then restore this one."
        )


def removed(now: datetime) -> QuerySet[Service]:
    """What a person removed within the last 7 days, the latest first."""
    return Service.objects.filter(removed_at__gt=now - KEPT).order_by("-removed_at", "-id")


def archived() -> QuerySet[Service]:
    """What the worker archived, the latest first; it is kept until somebody restores or removes it."""
    kept = Service.objects.filter(removed_at=None, archived_at__isnull=False)
    return kept.order_by("-archived_at", "-id")


def find(name: str, now: datetime, number: int | None = None) -> Service:
    """The archived service of this name, or the one removed last; with *number* exactly that one."""
    for kept in (archived(), removed(now)):
        rows = kept.none() if "\0" in name else kept.filter(name=name)
        found = (rows if number is None else rows.filter(pk=number)).first()
        if found is not None:
            return found
    raise RemovedNotFoundError(f"No service {name[:80]!r} is kept as removed or archived.")


def restore(
    name: str, *, by: str, role: Role, now: datetime, number: int | None = None, audited: bool = True
) -> Service:
    """Put a removed or archived service back as it was, with its secrets, history and agents.

    Only an admin brings back what somebody else took away. NameTakenError and MissingNeedsError say what to
    do first; RemovedNotFoundError if it is not kept, or no longer.
    """
    with transaction.atomic():
        store_rows.lock_head()
        service = register.whole(find(name, now, number))
        _refuse(service, by, role)
        with unlimited():
            restore_rows([service], by=by, now=now, audited=audited)
    return service


def restore_rows(services: Collection[Service], *, by: str, now: datetime, audited: bool = True) -> None:
    """List these again, without asking who may; what they depend on is there or comes along.

    Not *audited*: the caller has noted it already, with others.
    """
    with transaction.atomic():
        store_rows.lock_head()
        for service in services:
            values: dict[str, Any] = {"removed_at": None, "removed_by": "", "archived_at": None}
            if service.archived_at is not None:
                # It had given up; only another revision makes the worker try again.
                values["revision"] = F("revision") + 1
            Service.objects.filter(pk=service.pk).update(**values, updated_at=now)
            vault.put_back(service, now)
        for service in services:
            _link(service)
        RegistryHead.objects.update(revision=F("revision") + len(services))
        if audited:
            said = [audit.Member(name=one.name, after=store_rows.picture(one)) for one in services]
            audit.together(by, "service restored", said, now=now)
        register.announce(by)


def last_removed(names: Collection[str], now: datetime) -> list[Service]:
    """Of each name that nobody has now, the service that was removed last."""
    taken = set(Service.objects.filter(removed_at=None).values_list("name", flat=True))
    wanted, found = set(names) - taken, dict[str, Service]()
    for service in removed(now):
        if service.name in wanted:
            found.setdefault(service.name, service)
    return list(found.values())


def _refuse(service: Service, by: str, role: Role) -> None:
    own = at_least(role, Role.OPERATOR) and service.removed_by == by
    if not (own or at_least(role, Role.ADMIN)):
        raise NotAllowedError("Only an admin can restore what someone else removed, or what was archived.")
    wanted = needs.stored(service.entry)
    with unlimited():
        taken = Service.objects.filter(name=service.name, removed_at=None).exists()
        there = set(Service.objects.listed().filter(name__in=wanted).values_list("name", flat=True))
    if service.removed_at and taken:
        raise NameTakenError(service.name)
    if missing := [other for other in wanted if other not in there]:
        raise MissingNeedsError(service.name, missing)


def _link(service: Service) -> None:
    """Its dependencies point to those that have the names now."""
    Dependency.objects.filter(service=service).delete()
    wanted = Service.objects.listed().filter(name__in=needs.stored(service.entry))
    Dependency.objects.bulk_create([Dependency(service=service, depends_on=other) for other in wanted])


def archive(service_ids: Collection[int], *, by: str, now: datetime) -> list[str]:
    """Hide these services, but none that another one needs; their names."""
    with transaction.atomic():
        store_rows.lock_head()
        needed = Dependency.objects.standing().values("depends_on")
        rows = Service.objects.listed().filter(pk__in=service_ids).exclude(pk__in=needed)
        found = dict(rows.values_list("pk", "name"))
        if not found:
            return []
        Service.objects.filter(pk__in=found).update(archived_at=now, updated_at=now)
        RegistryHead.objects.update(revision=F("revision") + 1)
        said = [audit.Member(name=name) for name in found.values()]
        audit.together(by, "service archived", said, now=now)
        register.announce(by)
    return sorted(found.values())


def forget(now: datetime) -> int:
    """One small round of deleting what was removed over 7 days ago, its history first; rows that went."""
    service = Service.objects.filter(removed_at__lte=now - KEPT).order_by("removed_at", "id").first()
    if service is None:
        return 0
    for key in _keys():
        if gone := _some(key.model._base_manager.filter(**{key.name: service.pk})):
            return gone
    service.delete()
    return 1


def _keys() -> list[models.ForeignKey[Any, Any]]:
    """Each column, of whatever room, that refers to a service."""
    fields = Service._meta.get_fields(include_hidden=True)
    return [one.field for one in fields if isinstance(one, models.ManyToOneRel)]


def _some(rows: QuerySet[Any]) -> int:
    """Delete some of *rows*; how many."""
    key = rows.model._meta.pk
    # Of a composite key, the last column tells the rows of one service apart.
    column = key.field_names[-1] if isinstance(key, models.CompositePrimaryKey) else "pk"
    some = list(rows.order_by(column).values_list(column, flat=True)[:ROWS_AT_ONCE])
    if not some:
        return 0
    chosen = rows.filter(**{f"{column}__lte": some[-1]}) if column != "pk" else rows.filter(pk__in=some)
    number: int = chosen.delete()[0]
    return number
