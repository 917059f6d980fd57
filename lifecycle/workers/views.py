"""The page of workers and their hosts."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.monitoring.hosts import presenter as host_presenter
from lifecycle.pages.answers import is_htmx
from lifecycle.workers import presenter
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER, unscoped=True)
@require_safe
def worker_list(request: HttpRequest) -> HttpResponse:
    """The page; htmx asks for its middle part every few seconds, 204 where that already shows it."""
    now = timezone.now()
    shown, hosts = presenter.shown(now), host_presenter.shown(now)
    digest = f"{shown.digest}{hosts.digest}"
    if is_htmx(request) and request.GET.get("seen") == digest:
        return HttpResponse(status=204)
    context = {
        "workers": shown,
        "missing": presenter.unheld_text(shown.unheld) if shown.unheld else "",
        "command": settings.COMMAND,
        "hosts": host_presenter.cards(hosts.hosts, now),
        "digest": digest,
    }
    if not is_htmx(request):
        return render(request, "lifecycle/workers/worker_list.html", context)
    return render(request, "lifecycle/workers/_workers.html", context)
