"""Add from the registry: search its servers, choose a way to reach one, and look at it as at any import."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from registry.access.roles import at_least, require, role_of
from registry.core.documents.formats.listing import Choice, Listing
from registry.errors import NotPossibleError
from registry.imports.catalog import operations, queries
from registry.models import Role


@require(Role.OPERATOR)
@require_safe
def catalog_list(request: HttpRequest) -> HttpResponse:
    """The search and what it found; asked for again while the worker fetches."""
    query = queries.plain(request.GET.get("q", ""))
    asked = "q" in request.GET and not queries.is_off()
    outcome = queries.found(query, timezone.now()) if asked else None
    context = {
        "q": query,
        "asked": asked,
        "outcome": outcome,
        "servers": [(one, _choices(one)) for one in outcome.listings] if outcome else [],
        "source": settings.REGISTRY,
        "off": queries.is_off(),
        "in_a_file": queries.in_a_file(),
        "may_run": at_least(role_of(request.user), Role.ADMIN),
    }
    part = getattr(request, "htmx", None) and request.GET.get("part")
    template = "_catalog_results.html" if part else "catalog_list.html"
    return render(request, f"registry/catalog/{template}", context)


def _choices(server: Listing) -> list[tuple[Choice, str]]:
    """Each way with the document that the import page gets."""
    return [(choice, json.dumps(choice.document, ensure_ascii=False)) for choice in server.choices]


@require(Role.OPERATOR)
@require_POST
def catalog_search(request: HttpRequest) -> HttpResponse:
    """Have the worker ask the registry."""
    query = queries.plain(request.POST.get("q", ""))
    try:
        operations.search(query, by=request.user.get_username(), now=timezone.now())
    except NotPossibleError as exc:
        messages.error(request, str(exc))
        return redirect("catalog_list")
    return redirect(f"{reverse('catalog_list')}?{urlencode({'q': query})}")


@require(Role.OPERATOR, unscoped=True)
@require_POST
def catalog_renew(request: HttpRequest) -> HttpResponse:
    """Look up again how the servers stand that services came from."""
    try:
        count = operations.renew(by=request.user.get_username(), now=timezone.now())
    except NotPossibleError as exc:
        messages.error(request, str(exc))
    else:
        said = ngettext(
            "Looking up one server. Its service shows if it was deprecated or deleted.",
            "Looking up %(n)d servers. Their services show if they were deprecated or deleted.",
            count,
        )
        none = _("No services were added from the registry.")
        messages.success(request, said % {"n": count} if count else none)
    return redirect("catalog_list")
