"""The services list."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle import bulk, listing, presentation, reading, rows
from lifecycle.frame import frame_of
from lifecycle.views.answers import is_htmx
from registry import agents
from registry.models import Transport


@login_required
@require_safe
def service_list(request: HttpRequest) -> HttpResponse:
    """All services, narrowed and in pages; htmx gets the list alone, and the address to show."""
    filters = listing.parse(request.GET)
    frame_of(request)
    page = reading.service_page(
        filters.q,
        filters.state,
        filters.tag,
        filters.transport,
        filters.page,
        approval=filters.approval,
        needs=filters.needs,
        failing_first=filters.sort == "failing",
        among=agents.among(filters.agent),
    )
    context = {
        "filters": filters,
        "lines": [presentation.line(row) for row in rows.rows_of(page.rows, timezone.now())],
        "pager": listing.pager(filters, page.count),
        "matching": page.count,
        "bulk_actions": bulk.CHOICES.items(),
        "bulk_filters": [(key, value) for key in listing.NARROWING if (value := getattr(filters, key))],
        "total": sum(page.counts_by_state.values()),
        "tiles": rows.tiles(page.counts_by_state),
        "transports": [(value, rows.TRANSPORT_WORDS[value]) for value in Transport.values],
        "agents": agents.names(),
        "without_tag": replace(filters, tag="", page=1).url,
    }
    if not is_htmx(request):
        return render(request, "lifecycle/service_list.html", context)
    answer = render(request, "lifecycle/_service_list.html", context)
    answer["HX-Push-Url"] = filters.url
    return answer
