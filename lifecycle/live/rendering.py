"""Fragments as HTML for the live feed: the same files as in pages and htmx answers, without a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from lifecycle.pages import queries as page_queries
from lifecycle.services import queries as service_queries
from lifecycle.services import related
from lifecycle.services.heading import head_of
from lifecycle.services.presenter import ServiceRow, rows_of, sign_of, tiles
from registry.models import Service

RELATED = {
    "node": "lifecycle/dependencies/_dependency_node.html",
    "need": "lifecycle/dependencies/_dependency_state.html",
}


def render_services(ids: Iterable[int], oob: bool = True) -> dict[int, str]:
    """The list's lines of these services; those that are no longer listed are left out."""
    rows = rows_of(service_queries.services_by_id(ids), timezone.now())
    return {row.id: line(row, oob) for row in rows}


def line(row: ServiceRow, oob: bool = False) -> SafeString:
    """One line of the list; of what it says all is in *row*, so it is made once while that stays."""
    return _line(row, oob, get_language())


@lru_cache(maxsize=2048)
def _line(row: ServiceRow, oob: bool, _language: str | None) -> SafeString:
    return render_to_string("lifecycle/services/_service_row.html", {"row": row, "oob": oob})


def render_service(service_id: int, oob: bool = True) -> str:
    """One line of the list; empty for a service that is no longer listed."""
    return render_services([service_id], oob).get(service_id, "")


def render_counts(oob: bool = True) -> str:
    """The numbers in the tiles; only they are swapped, so that the chosen filter stays chosen."""
    counts = service_queries.counts_by_state()
    context = {"tiles": tiles(counts), "total": sum(counts.values()), "oob": oob}
    return render_to_string("lifecycle/services/_counts.html", context)


def render_worker_sign(oob: bool = True) -> str:
    """The sign of life in every page's heading."""
    now = timezone.now()
    context = {"sign": sign_of(page_queries.read(now), now), "oob": oob}
    return render_to_string("lifecycle/workers/_worker_sign.html", context)


def render_drift_banner(oob: bool = True) -> str:
    """The sign on every page that mcp.json was edited by hand; hidden while it is not."""
    context = {"drifted_at": page_queries.read(timezone.now()).drifted_at, "oob": oob}
    return render_to_string("lifecycle/pages/_drift_banner.html", context)


def render_mass_banner(oob: bool = True) -> str:
    """The sign on every page that most services fail at once; hidden while they do not."""
    return render_to_string(
        "lifecycle/pages/_mass_banner.html", {"mass": page_queries.mass_failure(), "oob": oob}
    )


def render_head(service_id: int, oob: bool = True) -> str:
    """The head of a service's page; it says so where the service is no longer listed."""
    for service in service_queries.services_by_id([service_id]):
        context = {"head": head_of(service, timezone.now()), "oob": oob}
        return render_to_string("lifecycle/services/_service_head.html", context)
    context = {"id": service_id, "service": Service.objects.filter(pk=service_id).first(), "oob": oob}
    return render_to_string("lifecycle/services/_service_gone.html", context)


def render_related(names: Sequence[str]) -> dict[str, str]:
    """The states in the picture and in the table of dependencies, by the ids of their elements."""
    ids = {name: int(name.rpartition("-")[2]) for name in names}
    found = {one.id: one for one in related.by_id(set(ids.values()))} if ids else {}
    return {
        name: render_to_string(RELATED[name.split("-")[0]], {"service": found[key], "oob": True})
        for name, key in ids.items()
        if key in found
    }


def render_alert_badge(oob: bool = True) -> str:
    """The number of open episodes in the navigation."""
    context = {"open_alerts": page_queries.read(timezone.now()).open_alerts, "oob": oob}
    return render_to_string("lifecycle/alerts/_alert_badge.html", context)


def render_bell_count(oob: bool = True) -> str:
    """The number of those that nobody has taken on, beside the bell."""
    context = {"firing": page_queries.read(timezone.now()).firing, "oob": oob}
    return render_to_string("lifecycle/alerts/_bell_count.html", context)
