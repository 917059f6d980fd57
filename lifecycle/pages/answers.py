"""How a view answers: a fragment to htmx, a page to everybody else."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure

from registry.access.roles import MissingRightError, admins
from registry.access.scope.choose import words
from registry.access.scope.limits import scope_of
from registry.access.signin.views import session_ended

Context = dict[str, Any]


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
    """403 as page or toast: what is missing, and who can give it."""
    lacks = exception if isinstance(exception, MissingRightError) else None
    said = _lacking(request, lacks) if lacks else _("You are not allowed to do this.")
    return _problem(request, 403, said, {"said": said, "admins": admins() if lacks else []})


def _lacking(request: HttpRequest, lacks: MissingRightError) -> str:
    if lacks.by_scope:
        seen = _("This concerns all services, but your account only sees some: %(scope)s.")
        return seen % {"scope": words(scope_of(request.user))}
    roles = {"needed": lacks.needed.label, "has": lacks.has.label}
    return _("This requires the role %(needed)s. Your role is %(has)s.") % roles


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 as page or toast."""
    return _problem(request, 404, _("This no longer exists. Reload the page."))


def form_out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a token that is no longer good, as page or toast: signing in anew makes another."""
    if is_htmx(request) and not request.user.is_authenticated:
        return session_ended(request, status=403)
    if is_htmx(request):
        said = _("You signed in again after this page was opened. Nothing was changed: try again.")
        answer = toast(request, said, status=403)
        answer["HX-Trigger"] = "stale-token"
        return answer
    return csrf_failure(request, reason)


def _problem(request: HttpRequest, status: int, text: str, context: Context | None = None) -> HttpResponse:
    if is_htmx(request):
        return toast(request, text, status=status)
    return render(request, f"{status}.html", context, status=status)
