"""The queue page: who is to be connected next, why and when."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.pages.answers import is_htmx
from lifecycle.workers.queue.presenter import queue_page
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def queue_list(request: HttpRequest) -> HttpResponse:
    """The page; htmx asks for its middle part every two seconds, 204 where that already shows it."""
    page = request.GET.get("page", "")
    shown = queue_page(
        timezone.now(), int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    )
    context = {"queue": shown, "command": settings.COMMAND}
    if not is_htmx(request):
        return render(request, "lifecycle/workers/queue/queue_list.html", context)
    if request.GET.get("seen") == shown.digest:
        return HttpResponse(status=204)
    return render(request, "lifecycle/workers/queue/_queue.html", context)
