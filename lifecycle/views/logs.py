"""What a stdio service wrote: as a part of its page, as a page, and as a file."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from lifecycle import logs_shown
from lifecycle.frame import frame_of
from lifecycle.views.answers import is_htmx
from lifecycle.views.service import find


@login_required
@require_safe
def service_logs(request: HttpRequest, name: str) -> HttpResponse:
    """The page; to htmx what came after the id it has, with the process as it is now."""
    frame_of(request)
    service, after = find(name), request.GET.get("after", "")
    since = int(after) if is_htmx(request) and after.isdecimal() and len(after) < 19 else 0
    context = {
        "service": service,
        "logs": logs_shown.logs_of(service, since),
        "has_logs": logs_shown.has_logs(service),
    }
    page = "lifecycle/_log_news.html" if is_htmx(request) else "lifecycle/service_logs.html"
    return render(request, page, context)


@login_required
@require_safe
def service_log_file(request: HttpRequest, name: str) -> HttpResponse:
    """All that is kept, as plain text."""
    service = find(name)
    named = content_disposition_header(as_attachment=True, filename=f"{service.name}.log") or "attachment"
    return HttpResponse(
        logs_shown.as_text(service),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": named},
    )
