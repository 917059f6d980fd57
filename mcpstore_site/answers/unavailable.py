"""The answers where the console cannot do its work: 503 or 507, in words, with when to try again."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from registry.installation import trouble
from registry.installation.trouble import Trouble
from registry.rest import problems


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler for what a page did not expect: trouble is told as such, the rest is a mistake."""
    return _told(request, sys.exc_info()[1]) or defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django takes a session that could not be saved for one that was deleted meanwhile."""
    return _told(request, exception) or defaults.bad_request(request, exception)


def _told(request: HttpRequest, exc: BaseException | None) -> HttpResponse | None:
    found = trouble.of(exc)
    if exc is None or found is None:
        return None
    trouble.note(found, request.path, exc)
    response = answer(found, request.path, htmx="HX-Request" in request.headers)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would add a trace
    return response


def answer(found: Trouble, path: str, *, htmx: bool = False) -> HttpResponse:
    """As programs and people want it; nothing in it needs the database."""
    if path.startswith("/api/"):
        response: HttpResponse = JsonResponse(problems.answer(found.code, found.text), status=found.status)
    elif htmx:
        toast = render_to_string("_toast.html", {"text": found.text, "level": "error"})
        response = HttpResponse(toast, status=found.status)
        response["HX-Retarget"], response["HX-Reswap"] = "#messages", "beforeend"
    else:
        page = render_to_string("trouble.html", {"trouble": found})
        response = HttpResponse(page, status=found.status)
    response["Retry-After"] = str(found.after)
    response["Cache-Control"] = "no-store"
    return response
