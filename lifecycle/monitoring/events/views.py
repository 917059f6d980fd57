"""The page of events of all services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from lifecycle.core.machine.states import State
from lifecycle.monitoring.events import filters as event_filters
from lifecycle.monitoring.events import queries
from lifecycle.monitoring.events.filters import Filters
from lifecycle.monitoring.events.presenter import KIND_WORDS, line_of
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from lifecycle.services.presenter import STATE_WORDS
from registry.access.roles import require
from registry.installation import zones
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """The latest that match, older ones in pages; htmx gets the list alone, and the address to show."""
    frame_of(request)
    filters = event_filters.parse(request.GET)
    context = _page(filters)
    if not is_htmx(request):
        return render(request, "lifecycle/monitoring/events/event_list.html", context | _form(filters))
    answer = render(request, "lifecycle/monitoring/events/_event_list.html", context)
    answer["HX-Push-Url"] = filters.url
    return answer


@require(Role.VIEWER)
@require_safe
def event_news(request: HttpRequest) -> HttpResponse:
    """The latest lines that match, for a page that shows some of them already."""
    context = {"lines": _page(event_filters.parse(request.GET))["lines"]}
    return render(request, "lifecycle/monitoring/events/_event_lines.html", context)


def _page(filters: Filters) -> dict[str, Any]:
    found = queries.events(filters, queries.PAGE_SIZE + 1)
    lines = [line_of(event) for event in found[: queries.PAGE_SIZE]]
    more = len(found) > queries.PAGE_SIZE
    return {
        "filters": filters,
        "lines": lines,
        "older": filters.older_than(found[queries.PAGE_SIZE - 1].place).url if more else "",
        "newest": Filters(**{key: getattr(filters, key) for key in event_filters.NARROWING}).url,
        "news": filters.url.replace(reverse("event_list"), reverse("event_news"), 1),
    }


def _form(filters: Filters) -> dict[str, Any]:
    return {
        "kinds": KIND_WORDS.items(),
        "states": [(state.value, STATE_WORDS[state]) for state in State],
        "since": _local(filters.since),
        "until": _local(filters.until),
        "zone": str(zones.current()),
    }


def _local(moment: datetime | None) -> str:
    """As an input of the browser takes it."""
    return f"{moment.astimezone(zones.current()):%Y-%m-%dT%H:%M}" if moment else ""
