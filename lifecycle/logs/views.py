"""Logs of a stdio service: as a part of its page, as a page, and as a file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from lifecycle.logs import presenter
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from lifecycle.pages.lookup import keeps_itself_new, listed_service
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
@keeps_itself_new
def service_logs(request: HttpRequest, name: str) -> HttpResponse:
    """The page; to htmx what came after the id it has, with the process as it is now."""
    frame_of(request)
    service, after = listed_service(name), request.GET.get("after", "")
    since = int(after) if is_htmx(request) and after.isdecimal() and len(after) < 19 else 0
    context = {
        "service": service,
        "logs": presenter.logs_of(service, since),
        "has_logs": presenter.has_logs(service),
    }
    page = "lifecycle/logs/_log_news.html" if is_htmx(request) else "lifecycle/logs/service_logs.html"
    return render(request, page, context)


@require(Role.VIEWER)
@require_safe
def service_log_file(request: HttpRequest, name: str) -> HttpResponse:
    """All that is kept, as plain text."""
    service = listed_service(name)
    named = content_disposition_header(as_attachment=True, filename=f"{service.name}.log") or "attachment"
    return HttpResponse(
        presenter.as_text(service),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": named},
    )
