"""Which pages a service is on, and what was told there about an alert."""

from __future__ import annotations

from django.db.models import Prefetch

from lifecycle.models import Episode, StatusPage, StatusPageNote, StatusPageService
from registry.models import Service
from registry.models.limits import within


def showing(service: Service) -> list[StatusPage]:
    """The pages on which strangers see this service by a name; two queries where all see everything."""
    mine = StatusPageService.objects.filter(service=service)
    pages = StatusPage.objects.order_by("title", "pk")
    return [page for page in pages.prefetch_related(Prefetch("services", mine)) if _shows(page, service)]


def _shows(page: StatusPage, service: Service) -> bool:
    row = next(iter(page.services.all()), None)
    named = page.own_names or (row is not None and row.public_name)
    on_it = (row is not None and row.chosen) or not set(page.tags).isdisjoint(service.tags)
    if not (named and on_it and page.view):
        return bool(named and on_it)
    with within(page.view):
        return Service.objects.filter(pk=service.pk).exists()


def told_of(episode: Episode) -> list[StatusPageNote]:
    """What was said of it, the oldest first, on pages that whoever looks may change."""
    rows = StatusPageNote.objects.filter(episode=episode, page__in=StatusPage.objects.all())
    return list(rows.select_related("page"))
