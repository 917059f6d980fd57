"""Either format of any selection; which one where none is asked for is an option of monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from lifecycle.core.monitoring.options import OPTIONS
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.export import as_csv, as_json
from lifecycle.monitoring.settings import in_force, queries
from registry.models import Service

FORMATS = OPTIONS["export_format"].choices


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One format to download, as a button."""

    word: str
    url: str


def usual() -> str:
    """The format where none is asked for."""
    return queries.current().export_format


def text(
    kind: str, window: Window, now: datetime, which: QuerySet[Service], *, whole: bool = True
) -> Iterator[str]:
    """The file in parts, of the services *which*; *whole* where these are all."""
    if kind == "csv":
        return as_csv.text(which, window, now)
    return as_json.text(window, now, which, whole=whole)


def only(service: Service) -> QuerySet[Service]:
    """One service as a selection."""
    return Service.objects.filter(pk=service.pk)


def offers(service: Service | None = None) -> list[Offer]:
    """The formats of one service, or of all, the usual one first."""
    first = in_force.get().export_format
    kinds = sorted(FORMATS, key=lambda kind: kind != first)
    return [Offer(word=kind.upper(), url=_url(kind, service)) for kind in kinds]


def _url(kind: str, service: Service | None) -> str:
    if service is None:
        return reverse(f"api:export_all_{kind}")
    return reverse(f"api:export_service_{kind}", kwargs={"name": service.name})
