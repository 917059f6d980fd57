"""The servers of a registry that match, from what the worker fetched or from a file; and how they stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from registry.core.documents import upstream
from registry.core.documents.formats import listing
from registry.core.documents.formats.listing import Listing
from registry.core.documents.upstream import ACTIVE, Upstream
from registry.models import CatalogPage, Service, UpstreamStatus

OFF = "off"
SHOWN = 30
LONGEST = 200
FRESH = timedelta(minutes=10)
SLOW = timedelta(seconds=25)
LARGEST_FILE = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Found:
    """How a search stands: `waiting` for the worker, or the servers, or why there are none."""

    waiting: bool = False
    listings: Sequence[Listing] = ()
    error: str = ""
    fetched_at: datetime | None = None


def is_off() -> bool:
    """Whether this installation asks no registry."""
    return bool(settings.REGISTRY == OFF)


def in_a_file() -> bool:
    """Whether the registry is a file of documents, so that nothing is fetched."""
    return not is_off() and not settings.REGISTRY.startswith(("http://", "https://"))


def address_of(query: str) -> str:
    """Where the latest versions of the servers that match are listed."""
    asked = {"search": query, "version": "latest", "limit": str(SHOWN)}
    return f"{settings.REGISTRY}/v0.1/servers?{urlencode({key: one for key, one in asked.items() if one})}"


def address_of_version(server: Upstream) -> str:
    """Where one version of a server stands, with its status."""
    version = quote(server.version or "latest", safe="")
    return f"{settings.REGISTRY}/v0.1/servers/{quote(server.name, safe='')}/versions/{version}"


def plain(query: str) -> str:
    """What was typed, as it is searched for."""
    return " ".join(query.replace("\0", "").split())[:LONGEST]


def found(query: str, now: datetime) -> Found | None:
    """How the search for this stands; None where nobody asked for it lately."""
    if in_a_file():
        return _in_file(query)
    page = CatalogPage.objects.filter(address=address_of(query)).first()
    if page is None:
        return None
    if page.state != CatalogPage.State.DONE:
        slow = _("The worker did not fetch the results. Check Workers, then search again.")
        return Found(error=slow) if now - page.asked_at > SLOW else Found(waiting=True)
    if page.error:
        return Found(error=page.error)
    return Found(listings=_read(page.text), fetched_at=page.fetched_at)


def _in_file(query: str) -> Found:
    path = Path(settings.REGISTRY)
    try:
        stat = path.stat()
        if stat.st_size > LARGEST_FILE:
            return Found(error=_("The registry file is larger than 32 MiB."))
        listed = _of_file(path, stat.st_mtime_ns, stat.st_size)
    except OSError as exc:
        return Found(error=_("The registry file cannot be read: %(why)s.") % {"why": exc.strerror or "?"})
    words = query.casefold().split()
    return Found(listings=[one for one in listed if one.says(words)][:SHOWN])


@lru_cache(maxsize=2)
def _of_file(path: Path, changed: int, size: int) -> Sequence[Listing]:
    return _read(path.read_text(encoding="utf-8", errors="replace"))


def _read(text: str) -> Sequence[Listing]:
    """What can be read of it; a document that is none has no servers."""
    try:
        return listing.listings(json.loads(text))
    except (ValueError, RecursionError):
        return ()


def status_in(text: str) -> str:
    """The status in the answer about one version; empty where none can be read."""
    listed = _read(text)
    return listed[0].status[:12] if len(listed) == 1 else ""


def status_in_file(server: Upstream) -> str:
    """The same from a file; a server that is no longer in it is deleted there."""
    outcome = _in_file(server.name)
    if outcome.error:
        return ""
    named = [one for one in outcome.listings if one.name == server.name]
    return named[0].status if named else upstream.DELETED


def of_services(services: Iterable[Service]) -> dict[int, Upstream]:
    """Which of them came from a registry, and as what."""
    found = {service.pk: upstream.of(service.entry) for service in services}
    return {pk: server for pk, server in found.items() if server is not None}


def statuses(services: Iterable[Service]) -> dict[int, UpstreamStatus]:
    """Of those that came from a registry and are no longer active there: what it says, by the service."""
    of = of_services(services)
    if not of:
        return {}
    rows = UpstreamStatus.objects.filter(name__in={server.name for server in of.values()})
    known = {(row.name, row.version): row for row in rows}
    told = {pk: known.get((server.name, server.version)) or _at_import(server) for pk, server in of.items()}
    return {pk: row for pk, row in told.items() if row.status != ACTIVE}


def _at_import(server: Upstream) -> UpstreamStatus:
    """What was said when it was imported, while nobody has looked since."""
    return UpstreamStatus(name=server.name, version=server.version, status=server.status)


def status_of(service: Service) -> UpstreamStatus | None:
    """What its registry says of the server behind a service, where that is deprecated or deleted."""
    return statuses([service]).get(service.pk)


def given_up() -> dict[int, str]:
    """By the service, in words: those whose server was deprecated or deleted when it was looked up last."""
    rows = UpstreamStatus.objects.exclude(status=ACTIVE)
    known = {(row.name, row.version): row.status for row in rows}
    if not known:
        return {}
    services = Service.objects.listed().alias(text=Cast("entry", TextField()))
    of = of_services(services.filter(text__contains=upstream.KEY).only("pk", "entry"))
    return {
        pk: f"its server {server.name} {server.version} is {known[server.name, server.version]} upstream"
        for pk, server in of.items()
        if (server.name, server.version) in known
    }
