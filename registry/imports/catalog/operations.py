"""Ask a registry: rows that say what is wanted, which the worker fetches. Nothing is fetched unasked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from registry.access import audit
from registry.core.documents import upstream
from registry.core.documents.upstream import Upstream
from registry.errors import NotPossibleError
from registry.imports.catalog import queries
from registry.models import CatalogPage, Service, UpstreamStatus
from registry.models.limits import unlimited

State = CatalogPage.State
KEPT = timedelta(days=1)
STATUSES = (upstream.ACTIVE, upstream.DEPRECATED, upstream.DELETED)
AT_MOST = 500
DAILY = "daily look-up"
SWITCHED_OFF = "The registry is switched off here (MCPSTORE_REGISTRY)."


def search(query: str, *, by: str, now: datetime) -> None:
    """Want the servers that match; what was fetched a moment ago is not fetched again."""
    if queries.is_off():
        raise NotPossibleError(SWITCHED_OFF)
    with transaction.atomic():
        audit.note(by, "registry searched", query or "all servers", settings.REGISTRY[:200], now=now)
        if not queries.in_a_file():
            _want(queries.address_of(query), now)


def _want(address: str, now: datetime) -> None:
    fresh = CatalogPage.objects.filter(address=address, asked_at__gt=now - queries.FRESH)
    if fresh.exclude(error__gt="").exclude(state=State.TAKEN, asked_at__lt=now - queries.SLOW).exists():
        return
    wanted = {"state": State.WANTED, "text": "", "error": "", "asked_at": now, "fetched_at": None}
    CatalogPage.objects.update_or_create(address=address, defaults=wanted)


def renew(*, by: str, now: datetime) -> int:
    """Look up again every server that a service came from; how many."""
    if queries.is_off():
        raise NotPossibleError(SWITCHED_OFF)
    with unlimited(), transaction.atomic():
        services = Service.objects.listed().only("pk", "entry").iterator()
        servers = dict.fromkeys(queries.of_services(services).values())
        unique = list({(one.name, one.version): one for one in servers}.values())[:AT_MOST]
        audit.note(by, "registry asked", f"{len(unique)} servers", "deprecated or deleted", now=now)
        for server in unique:
            if queries.in_a_file():
                _keep(server, queries.status_in_file(server), now)
            else:
                _want(queries.address_of_version(server), now)
        return len(unique)


def renew_daily(now: datetime) -> int:
    """The same without a person, unless it was done within a day; how many."""
    since = now - KEPT
    asked = CatalogPage.objects.filter(address__contains="/versions/", asked_at__gt=since)
    if queries.is_off() or asked.exists() or UpstreamStatus.objects.filter(looked_at__gt=since).exists():
        return 0
    if not any(upstream.of(entry) for entry in Service.objects.listed().values_list("entry", flat=True)):
        return 0
    return renew(by=DAILY, now=now)


def _keep(server: Upstream, status: str, now: datetime) -> None:
    if status in STATUSES:
        UpstreamStatus.objects.update_or_create(
            name=server.name, version=server.version, defaults={"status": status, "looked_at": now}
        )


def take(room: int) -> list[CatalogPage]:
    """The oldest that nobody fetches yet, now taken."""
    wanted = CatalogPage.objects.filter(state=State.WANTED).order_by("id")[:room]
    return [
        page
        for page in wanted
        if CatalogPage.objects.filter(pk=page.pk, state=State.WANTED).update(state=State.TAKEN)
    ]


def finish(page: CatalogPage, text: str, error: str, now: datetime) -> None:
    """Keep what was fetched, or why nothing was; of one version, also how it stands."""
    done = {"state": State.DONE, "text": text, "error": error[:500], "fetched_at": now}
    with transaction.atomic():
        CatalogPage.objects.filter(pk=page.pk).update(**done)
        if "/versions/" in page.address:
            _look(page.address, upstream.DELETED if error.startswith(("HTTP 404", "HTTP 410")) else text, now)


def _look(address: str, text: str, now: datetime) -> None:
    """Whose address it is; of a server that the registry knows no more, DELETED stands for its answer."""
    status = text if text == upstream.DELETED else queries.status_in(text)
    with unlimited():
        services = Service.objects.listed().only("pk", "entry").iterator()
        servers = queries.of_services(services).values()
        for server in {(one.name, one.version): one for one in servers}.values():
            if queries.address_of_version(server) == address:
                _keep(server, status, now)


def forget(now: datetime) -> int:
    """Delete what was asked for over a day ago; how many."""
    return CatalogPage.objects.filter(asked_at__lt=now - KEPT).delete()[0]
