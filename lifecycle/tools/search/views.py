"""The page of the tools of all services."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from lifecycle.services.presenter import STATE_WORDS
from lifecycle.tools import tokens
from lifecycle.tools.search import filters as tool_filters
from lifecycle.tools.search import presenter, queries
from lifecycle.tools.search.filters import HINTS, KINDS, NEWS, Filters
from registry.access.roles import require
from registry.models import Agent, Role

AGENTS_AT_MOST: Final = 500


@require(Role.VIEWER)
@require_safe
def tool_list(request: HttpRequest) -> HttpResponse:
    """Those that match, in pages; htmx gets the list alone, and the address to show."""
    frame_of(request)
    filters = tool_filters.parse(request.GET)
    context = _context(filters)
    if not is_htmx(request):
        choices = {
            "hints": HINTS.items(),
            "news": NEWS.items(),
            "waiting": queries.waiting(),
            "states": STATE_WORDS.items(),
            "agents": Agent.objects.order_by("name").values_list("name", flat=True)[:AGENTS_AT_MOST],
        }
        return render(request, "lifecycle/tools/search/tool_list.html", context | choices)
    answer = render(request, "lifecycle/tools/search/_tool_list.html", context)
    answer["HX-Push-Url"] = filters.url
    return answer


def _context(filters: Filters) -> dict[str, Any]:
    now = timezone.now()
    page = queries.page(filters, now)
    if filters.kind == "tool":
        changed = queries.lately_changed(page.rows, now)
        lines = [presenter.tool_line(row, changed.get((row.service_id, row.name)), now) for row in page.rows]
    else:
        lines = [presenter.content_line(row) for row in page.rows]
    cost = tokens.sum_of(queries.tools(filters, now)) if filters.kind == "tool" else 0
    return {
        "filters": filters,
        "cost": tokens.words(cost) if cost else "",
        "by_name": replace(filters, order="", page=1).url,
        "by_tokens": replace(filters, order="tokens", page=1).url,
        "lines": lines,
        "page": page,
        "kinds": [(value, word, Filters(kind=value, q=filters.q).url) for value, word in KINDS.items()],
        "previous": filters.on_page(page.previous) if page.previous else "",
        "next": filters.on_page(page.next) if page.next else "",
    }
