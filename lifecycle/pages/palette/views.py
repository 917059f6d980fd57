"""The list that the palette shows for what was typed."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lifecycle.pages.palette.queries import find
from registry.access.roles import require, role_of
from registry.models import Role
from registry.models.limits import current

LONGEST: Final = 100


@require(Role.VIEWER)
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """The lines for `q`, best first, as one fragment."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    groups = find(q, role_of(request.user), not current(), request.user.get_username())
    return render(request, "lifecycle/pages/_palette_list.html", {"groups": groups, "q": q})


@require(Role.VIEWER)
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """What `?` shows: no page carries it until it is asked for."""
    return render(request, "lifecycle/pages/_keys.html")
