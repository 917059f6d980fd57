"""The page of dependencies: who needs whom, as a picture and a table."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lifecycle.dependencies.presenter import page_of
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def dependency_graph(request: HttpRequest) -> HttpResponse:
    """Who needs whom, as a picture and a table; htmx gets these alone, and the address to show."""
    frame_of(request)
    shown = page_of({key: request.GET[key].replace("\0", "") for key in request.GET})
    template = (
        "lifecycle/dependencies/_dependencies.html"
        if is_htmx(request)
        else "lifecycle/dependencies/dependency_graph.html"
    )
    answer = render(request, template, {"graph": shown})
    if is_htmx(request):
        answer["HX-Push-Url"] = shown.here
    return answer
