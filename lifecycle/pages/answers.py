"""How a view answers: a fragment to htmx, a page to everybody else."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure

from registry.access.signin.views import session_ended


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page it already shows."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.history_restore_request


def toast(request: HttpRequest, text: str, *, status: int, level: str = "error") -> HttpResponse:
    """A message that htmx adds to the others, whatever the request was aimed at."""
    answer = render(request, "_toast.html", {"text": text, "level": level}, status=status)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#messages", "beforeend"
    return answer


def refused(request: HttpRequest, text: str, back: HttpResponse) -> HttpResponse:
    """409 in words to htmx; otherwise the words on the page that *back* leads to."""
    if is_htmx(request):
        return toast(request, text, status=409)
    messages.error(request, text)
    return back


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 as page or toast."""
    return _problem(request, 403, _("Your role does not allow this."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 as page or toast."""
    return _problem(request, 404, _("This no longer exists. Reload the page."))


def form_out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a token that is no longer good, as page or toast: signing in anew makes another."""
    if is_htmx(request) and not request.user.is_authenticated:
        return session_ended(request, status=403)
    if is_htmx(request):
        said = _("You signed in again since this page was opened. Nothing was done: try again.")
        answer = toast(request, said, status=403)
        answer["HX-Trigger"] = "stale-token"
        return answer
    return csrf_failure(request, reason)


def _problem(request: HttpRequest, status: int, text: str) -> HttpResponse:
    if is_htmx(request):
        return toast(request, text, status=status)
    return render(request, f"{status}.html", status=status)
