"""The contract of a service: its history, change by change."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle import contract_shown
from lifecycle.alerts.presentation import moment
from lifecycle.views.service import find
from registry.core.contract import Grade
from registry.models import ContractChange


def page_number(request: HttpRequest) -> int:
    """Which page is asked for, whoever wrote it."""
    given = request.GET.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 1


@login_required
@require_safe
def service_changes(request: HttpRequest, name: str) -> HttpResponse:
    """The history of what the service offers, newest first."""
    service = find(name)
    grade = request.GET.get("kind", "")
    grade = grade if grade in list(Grade) else ""
    context = {
        "service": service,
        "grade": grade,
        "grades": contract_shown.choices(),
        "page": contract_shown.history_page(service, grade, page_number(request)),
    }
    return render(request, "lifecycle/service_changes.html", context)


@login_required
@require_safe
def service_change(request: HttpRequest, name: str, change_id: int) -> HttpResponse:
    """One change in full, with both definitions line by line."""
    service = find(name)
    row = get_object_or_404(ContractChange, pk=change_id, service=service)
    context = {
        "service": service,
        "change": contract_shown.row_of(row, most=10_000),
        "at": moment(row.at, timezone.now()),
        **contract_shown.comparison(row.old, row.new),
    }
    return render(request, "lifecycle/service_change.html", context)
