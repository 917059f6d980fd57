"""The service that an address names, or 404."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from registry.models import Service

Services = QuerySet[Service]
View = Callable[..., HttpResponse]
ASKED_BY_ITSELF = "seen", "after"
"""What a page adds when it asks for news of a part that it already shows."""


def listed_service(name: str, more: Callable[[Services], Services] | None = None) -> Service:
    """The listed service of this name with its state, and what *more* adds to it, or 404."""
    marks = ("slowness", "error_rate")
    found = Service.objects.listed().select_related("state_row", "contract", "hours", *marks)
    return get_object_or_404(more(found) if more else found, name=name)


def keeps_itself_new(view: View) -> View:
    """A part asks for its news by itself: of a service removed meanwhile there is none (204, not 404)."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            if any(name in request.GET for name in ASKED_BY_ITSELF):
                return HttpResponse(status=204)
            raise

    return answer
