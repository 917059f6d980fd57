"""Pages of signing in to a service, and the two addresses that authorization servers know of this console."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.core.signin import about_us
from lifecycle.models import Command
from lifecycle.pages.answers import is_htmx, refused
from lifecycle.pages.lookup import keeps_itself_new, listed_service
from lifecycle.signin import operations, presenter, queries
from lifecycle.signin.forms import ClientForm
from registry.access.roles import open_to_all, require
from registry.errors import NotPossibleError
from registry.models import Role

PAGE = Command.Origin.PAGE


@require(Role.VIEWER)
@require_safe
@keeps_itself_new
def service_signin(request: HttpRequest, name: str) -> HttpResponse:
    """How it stands with signing in, as a fragment; 204 where that is already shown."""
    if not is_htmx(request):
        return redirect("service_detail", name)
    context = presenter.context_of(listed_service(name), request.user.get_username(), timezone.now())
    if request.GET.get("seen") == context["signin_digest"]:
        return HttpResponse(status=204)
    return _card(request, name)


def _card(request: HttpRequest, name: str) -> HttpResponse:
    service = listed_service(name)
    context = presenter.context_of(service, request.user.get_username(), timezone.now())
    return render(request, "lifecycle/signin/_signin.html", {"service": service, **context})


@require(Role.OPERATOR)
@require_POST
def signin_begin(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for a sign-in; its steps show as the worker takes them."""
    anew = request.POST.get("anew") == "1"
    by, now = request.user.get_username(), timezone.now()
    return _do(request, name, lambda: operations.begin(name, by=by, now=now, origin=PAGE, anew=anew))


@require(Role.OPERATOR)
@require_POST
def signin_end(request: HttpRequest, name: str) -> HttpResponse:
    """Sign out of the service."""
    by, now = request.user.get_username(), timezone.now()
    return _do(request, name, lambda: operations.sign_out(name, by=by, now=now, origin=PAGE))


def _do(request: HttpRequest, name: str, act: Callable[[], object]) -> HttpResponse:
    listed_service(name)
    try:
        act()
    except NotPossibleError as exc:
        return refused(request, str(exc), redirect("service_detail", name))
    return _card(request, name) if is_htmx(request) else redirect("service_detail", name)


@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def signin_client(request: HttpRequest, name: str) -> HttpResponse:
    """The client that was registered by hand."""
    service = listed_service(name)
    row = queries.grant_of(service)
    machine = row is not None and row.grant == row.Grant.CLIENT
    form = ClientForm(request.POST or None, initial={**queries.typed_client(row), "machine": machine})
    if request.method == "POST" and form.is_valid():
        by, now = request.user.get_username(), timezone.now()
        try:
            operations.set_client(name, **form.cleaned_data, by=by, now=now)
        except NotPossibleError as exc:
            form.add_error(None, str(exc))
        else:
            messages.success(request, _("Saved. Sign in to use it."))
            return redirect("service_detail", name)
    redirect_uri = about_us.callback_url(settings.PUBLIC_URL)
    context = {"service": service, "form": form, "redirect_uri": redirect_uri}
    status = 422 if form.errors else 200
    return render(request, "lifecycle/signin/signin_client.html", context, status=status)


@require(Role.OPERATOR)
@require_safe
def signin_callback(request: HttpRequest) -> HttpResponse:
    """Where authorization servers send people back to; the worker does the rest, the page shows it."""
    given = {key: str(value) for key, value in request.GET.items()}
    try:
        name = operations.receive(given, by=request.user.get_username(), now=timezone.now())
    except NotPossibleError:
        return render(request, "lifecycle/signin/signin_unknown.html", status=409)
    return redirect("service_detail", name)


@open_to_all
@require_safe
def signin_document(request: HttpRequest) -> HttpResponse:
    """What authorization servers read that know clients by a document of theirs."""
    if not settings.PUBLIC_URL.startswith("https://"):
        raise Http404
    return JsonResponse(about_us.document(settings.PUBLIC_URL))
