"""Which services a status page is about, and what each is called there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.text import slugify

from lifecycle.models import StatusPage, StatusPageService
from registry.models import Service
from registry.models.limits import within
from registry.models.scoped import HasAny

MOST = 200


@dataclass(frozen=True, kw_only=True)
class Member:
    """One service of a page. Without a `name` strangers hear nothing of it."""

    service: Service
    name: str
    public_name: str
    chosen: bool


def of(page: StatusPage) -> list[Member]:
    """All of them, named ones first and in the order of their names; two queries, never beyond its limits."""
    with within(page.view):
        rows = {row.service_id: row for row in StatusPageService.objects.filter(page=page)}
        wanted = Q(pk__in=[key for key, row in rows.items() if row.chosen])
        if page.tags:
            wanted |= Q(HasAny("tags", page.tags))
        services = Service.objects.listed().filter(wanted).select_related("state_row", "hours")
        found = [_member(page, service, rows.get(service.pk)) for service in services.order_by("pk")[:MOST]]
    return sorted(found, key=lambda one: (not one.name, (one.name or one.service.name).casefold()))


def _member(page: StatusPage, service: Service, row: StatusPageService | None) -> Member:
    public = row.public_name if row else ""
    name = public or (service.name if page.own_names else "")
    return Member(service=service, name=name, public_name=public, chosen=bool(row and row.chosen))


def addresses(members: Iterable[Member]) -> dict[int, str]:
    """By key of the service the part of the address of its badge: made of what strangers call it alone."""
    taken: dict[str, int] = {}
    for one in sorted(members, key=lambda one: one.service.pk):
        base = slugify(unicodedata.normalize("NFKC", one.name), allow_unicode=True) or "service"
        address, number = base, 1
        while address in taken:
            number += 1
            address = f"{base}-{number}"
        taken[address] = one.service.pk
    return {key: address for address, key in taken.items()}
