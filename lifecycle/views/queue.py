"""The queue: who is to be connected next, why and when."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.queue_shown import queue_shown
from lifecycle.views.answers import is_htmx


@login_required
@require_safe
def queue_list(request: HttpRequest) -> HttpResponse:
    """The page; htmx asks for its middle part every two seconds, 204 where that already shows it."""
    page = request.GET.get("page", "")
    shown = queue_shown(
        timezone.now(), int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    )
    if not is_htmx(request):
        return render(request, "lifecycle/queue_list.html", {"queue": shown})
    if request.GET.get("seen") == shown.digest:
        return HttpResponse(status=204)
    return render(request, "lifecycle/_queue.html", {"queue": shown})
