"""The page with the list of services."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.live import rendering
from lifecycle.operations.bulk import preview as bulk_preview
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from lifecycle.services import presenter as service_presenter
from lifecycle.services import queries as service_queries
from lifecycle.services.listing import filters as service_filters
from lifecycle.services.listing.order import SORTS
from lifecycle.services.listing.saved import queries as saved_views
from registry.access.roles import require
from registry.agents import operations as agent_operations
from registry.installation import cookies
from registry.models import Role, Transport

REMEMBERED = "services-order"


@require(Role.VIEWER)
@require_safe
def service_list(request: HttpRequest) -> HttpResponse:
    """All services, narrowed and in pages; htmx gets the list alone, and the address to show."""
    who = request.user.get_username()
    if not request.GET and not is_htmx(request) and (view := saved_views.default_of(who)):
        return redirect(saved_views.address(view))
    filters = service_filters.parse(request.GET, request.COOKIES.get(REMEMBERED, ""))
    frame_of(request)
    page = service_queries.service_page(
        filters.q,
        filters.state,
        filters.tag,
        filters.transport,
        filters.page,
        approval=filters.approval,
        needs=filters.needs,
        sort=filters.sort,
        among=agent_operations.among(filters.agent),
    )
    rows = service_presenter.rows_of(page.rows, timezone.now(), filters.q)
    context = {
        "filters": filters,
        "lines": [rendering.line(row) for row in rows],
        "pager": service_filters.pager(filters, page.count),
        "matching": page.count,
        "bulk": bulk_preview.bar(),
        "bulk_filters": [
            (key, value) for key in service_filters.NARROWING if (value := getattr(filters, key))
        ],
        "total": sum(page.counts_by_state.values()),
        "tiles": service_presenter.tiles(page.counts_by_state),
        "transports": [(value, service_presenter.TRANSPORT_WORDS[value]) for value in Transport.values],
        "agents": agent_operations.names(),
        "sorts": SORTS.items(),
        "heads": {sort: replace(filters, sort=sort, page=1).url_with_sort for sort in SORTS},
        "without_tag": replace(filters, tag="", page=1).url,
        "without_needs": replace(filters, needs="", page=1).url,
    }
    name = "_service_list" if is_htmx(request) else "service_list"
    answer = render(request, f"lifecycle/services/{name}.html", context)
    if is_htmx(request):
        answer["HX-Push-Url"] = _address(filters, who)
    if "sort" in request.GET:
        cookies.remember(answer, REMEMBERED, filters.sort, secure=request.is_secure())
    return answer


def _address(filters: service_filters.Filters, who: str) -> str:
    """What stands in the browser; without filters not the address that opens a view of one's own."""
    plain = "?" not in filters.url
    return f"{filters.url}?view=all" if plain and saved_views.default_of(who) else filters.url
