"""The look of the pages: what a person chose for this browser is kept, and shown from then on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from lifecycle.pages import look
from lifecycle.pages.about.facts import console_version
from lifecycle.pages.answers import is_htmx
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def look_keep(request: HttpRequest) -> HttpResponse:
    """Keep one choice of `look.NAMES`, sent under its own name, and go back to where it was made.

    A GET is what the user menu shows of them: no page carries it until the menu is opened.
    """
    if request.method != "POST":
        return render(request, "lifecycle/pages/_look.html", {"version": console_version()})
    chosen = [(name, request.POST[name]) for name in look.NAMES if name in request.POST]
    if not chosen:
        return HttpResponseBadRequest()
    response = HttpResponse(status=204) if is_htmx(request) else redirect(_back(request))
    for name, value in chosen:
        look.keep(response, name, value, secure=request.is_secure())
    return response


def _back(request: HttpRequest) -> str:
    came = request.META.get("HTTP_REFERER", "")
    ours = url_has_allowed_host_and_scheme(came, {request.get_host()}, request.is_secure())
    return came if ours else "/"
