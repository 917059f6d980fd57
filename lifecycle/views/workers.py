"""The workers that hold the services."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle import workers
from lifecycle.views.answers import is_htmx


@login_required
@require_safe
def worker_list(request: HttpRequest) -> HttpResponse:
    """The page; htmx asks for its middle part every few seconds, 204 where that already shows it."""
    shown = workers.shown(timezone.now())
    context = {"workers": shown, "missing": workers.unheld_text(shown.unheld) if shown.unheld else ""}
    if not is_htmx(request):
        return render(request, "lifecycle/worker_list.html", context)
    if request.GET.get("seen") == shown.digest:
        return HttpResponse(status=204)
    return render(request, "lifecycle/_workers.html", context)
