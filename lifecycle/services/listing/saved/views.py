"""Pages of saved views: the menu beside the search, and the list to rename, share and remove them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.models import SavedView
from lifecycle.pages.answers import is_htmx, refused, toast
from lifecycle.services.listing import filters
from lifecycle.services.listing.saved import operations, presenter, queries
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError, NotAllowedError, NotPossibleError
from registry.models import Role

REFUSALS = (InvalidConfigError, NotAllowedError, NotPossibleError)


@require(Role.VIEWER)
@require_safe
def view_list(request: HttpRequest) -> HttpResponse:
    """One's own views and those shared, each with what it narrows the list to."""
    return render(request, "lifecycle/services/saved/view_list.html", _context(request))


@require(Role.VIEWER)
@require_safe
def view_menu(request: HttpRequest) -> HttpResponse:
    """What the menu beside the search shows once it is opened."""
    return render(request, "lifecycle/services/saved/_view_menu.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    who, role = request.user.get_username(), role_of(request.user)
    lines = [presenter.line_of(view, who, role) for view in queries.of(who)]
    return {"views": lines, "may_share": operations.may_share(role)}


@require(Role.VIEWER)
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the filters that the form of the list has now."""
    query = filters.parse({key: request.POST.get(key, "") for key in request.POST if key != "page"}).query
    try:
        view = operations.save(
            request.POST.get("name", ""),
            query,
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
            shared=bool(request.POST.get("shared")),
        )
    except REFUSALS as exc:
        return _refused(request, str(exc))
    if is_htmx(request):
        context = _context(request) | {"saved": view.name}
        return render(request, "lifecycle/services/saved/_view_menu.html", context)
    return redirect(queries.address(view))


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    if is_htmx(request):
        return toast(request, text, status=422)
    return refused(request, text, redirect("view_list"))


def _found(request: HttpRequest, pk: int) -> SavedView:
    try:
        return queries.get(pk, request.user.get_username())
    except queries.ViewNotFoundError:
        raise Http404(pk) from None


@require(Role.VIEWER)
@require_POST
def view_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, the default or not, shared or not."""
    given, view = request.POST, _found(request, pk)
    changes: dict[str, Any] = {"name": given["name"]} if "name" in given else {}
    changes |= {key: given[key] == "1" for key in ("default", "shared") if key in given}
    who, role = request.user.get_username(), role_of(request.user)
    try:
        operations.change(view.pk, changes, by=who, role=role, now=timezone.now())
    except REFUSALS as exc:
        return _refused(request, str(exc))
    messages.success(request, _("Saved."))
    return redirect("view_list")


@require(Role.VIEWER)
@require_POST
def view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Nothing but the name for the filters goes."""
    who, role = request.user.get_username(), role_of(request.user)
    view = _found(request, pk)
    try:
        operations.remove(view.pk, by=who, role=role, now=timezone.now())
    except NotAllowedError as exc:
        return _refused(request, str(exc))
    messages.success(request, _("View %(name)s removed.") % {"name": view.name})
    return redirect("view_list")
