"""The page of a service's tool calls."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.models import ToolCall
from lifecycle.monitoring.calls import presenter
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.lookup import listed_service
from lifecycle.tools.answers.queries import answer_to
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def service_calls(request: HttpRequest, name: str) -> HttpResponse:
    """The newest first, of one tool or outcome where the URL says so; its details are for operators."""
    service = listed_service(name)
    tool = request.GET.get("tool", "").replace("\0", "")[:500]
    outcome, before = request.GET.get("outcome", ""), request.GET.get("before", "")
    page = presenter.call_page(
        service,
        timezone.now(),
        tool=tool,
        outcome=outcome if outcome in ToolCall.Outcome.values else "",
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0,
    )
    return render(request, "lifecycle/calls/service_calls.html", {"service": service, "calls": page})


@require(Role.OPERATOR)
@require_safe
def service_call(request: HttpRequest, name: str, call_id: int) -> HttpResponse:
    """What a call was given, and its answer: a part of the page, which opens it."""
    service = listed_service(name)
    row = get_object_or_404(ToolCall.objects.select_related("command"), service=service, pk=call_id)
    if not is_htmx(request):
        return (
            redirect("tool_outcome", name, row.command_id)
            if row.command_id
            else redirect("service_calls", name)
        )
    context = {
        "service": service,
        "details": presenter.details(row),
        "command": row.command,
        "answer": answer_to(service, row.command) if row.command and row.command.outcome else None,
    }
    return render(request, "lifecycle/calls/_details.html", context)
