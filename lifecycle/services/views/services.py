"""The page with the list of services."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.live import rendering
from lifecycle.operations.bulk import preview as bulk_preview
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from lifecycle.services import filters as service_filters
from lifecycle.services import presenter as service_presenter
from lifecycle.services import queries as service_queries
from registry.access.roles import require
from registry.agents import operations as agent_operations
from registry.models import Role, Transport


@require(Role.VIEWER)
@require_safe
def service_list(request: HttpRequest) -> HttpResponse:
    """All services, narrowed and in pages; htmx gets the list alone, and the address to show."""
    filters = service_filters.parse(request.GET)
    frame_of(request)
    page = service_queries.service_page(
        filters.q,
        filters.state,
        filters.tag,
        filters.transport,
        filters.page,
        approval=filters.approval,
        needs=filters.needs,
        failing_first=filters.sort == "failing",
        among=agent_operations.among(filters.agent),
    )
    context = {
        "filters": filters,
        "lines": [rendering.line(row) for row in service_presenter.rows_of(page.rows, timezone.now())],
        "pager": service_filters.pager(filters, page.count),
        "matching": page.count,
        "bulk_actions": bulk_preview.CHOICES.items(),
        "bulk_filters": [
            (key, value) for key in service_filters.NARROWING if (value := getattr(filters, key))
        ],
        "total": sum(page.counts_by_state.values()),
        "tiles": service_presenter.tiles(page.counts_by_state),
        "transports": [(value, service_presenter.TRANSPORT_WORDS[value]) for value in Transport.values],
        "agents": agent_operations.names(),
        "without_tag": replace(filters, tag="", page=1).url,
    }
    if not is_htmx(request):
        return render(request, "lifecycle/services/service_list.html", context)
    answer = render(request, "lifecycle/services/_service_list.html", context)
    answer["HX-Push-Url"] = filters.url
    return answer
