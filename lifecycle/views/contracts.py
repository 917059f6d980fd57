"""The contract of a service: its history, pinning it, and deciding on what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle import approvals, contract_shown, reading, toolbox
from lifecycle.alerts.presentation import moment
from lifecycle.paging import page_number
from lifecycle.views.answers import is_htmx, refused
from lifecycle.views.service import find
from registry.access.roles import require
from registry.core.contract import Grade
from registry.errors import ContractError, ToolUnknownError
from registry.models import ContractChange, Role, Service


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
        "page": contract_shown.history_page(service, grade, page_number(request.GET.get("page", ""))),
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


@require(Role.OPERATOR)
@require_POST
def service_pin(request: HttpRequest, name: str) -> HttpResponse:
    """Pin or unpin, as the form says; htmx gets the tools."""
    find(name)
    act = approvals.pin if request.POST.get("pinned") == "1" else approvals.unpin
    try:
        act(name, by=request.user.get_username(), now=timezone.now())
    except ContractError as exc:
        return refused(request, str(exc), redirect("service_detail", name))
    if not is_htmx(request):
        return redirect("service_detail", name)
    service = find(name)
    context = {"service": service, "box": toolbox.toolbox(service), "state": reading.state_of(service)}
    return render(request, "lifecycle/_tools.html", context)


@login_required
@require_safe
def service_waiting(request: HttpRequest, name: str) -> HttpResponse:
    """What waits for approval, each change against what was approved."""
    return render(request, "lifecycle/service_waiting.html", _waiting(request, find(name)))


def _waiting(request: HttpRequest, service: Service) -> dict[str, Any]:
    standing = approvals.standing(service)
    number = page_number(request.GET.get("page", ""))
    page = contract_shown.waiting_page(service, standing, number, timezone.now())
    return {"service": service, "standing": standing, "page": page}


@require(Role.OPERATOR)
@require_POST
def service_approve(request: HttpRequest, name: str) -> HttpResponse:
    """Take the one change that the form names, if it is still what it shows."""
    return _decide(request, name, approvals.approve, _("Approved: %(tool)s"))


@require(Role.OPERATOR)
@require_POST
def service_refuse(request: HttpRequest, name: str) -> HttpResponse:
    """Keep refusing the one that the form names."""
    return _decide(
        request, name, approvals.refuse, _("Calls to %(tool)s are refused until it changes again.")
    )


def _decide(request: HttpRequest, name: str, act: Callable[..., None], words: str) -> HttpResponse:
    find(name)
    tool, seen = request.POST.get("tool", ""), request.POST.get("hash", "")
    try:
        act(name, tool, seen=seen, by=request.user.get_username(), now=timezone.now())
    except ToolUnknownError:
        raise Http404(tool) from None
    except ContractError as exc:
        return refused(request, str(exc), redirect("service_waiting", name))
    return _decided(request, name, words % {"tool": toolbox.clip(tool, 80)})


@require(Role.OPERATOR)
@require_POST
def service_approve_all(request: HttpRequest, name: str) -> HttpResponse:
    """Take all that waits, if it is still what the page showed."""
    find(name)
    who, now = request.user.get_username(), timezone.now()
    try:
        taken = approvals.approve_all(name, seen=request.POST.get("hash", ""), by=who, now=now)
    except ContractError as exc:
        return refused(request, str(exc), redirect("service_waiting", name))
    return _decided(request, name, _("Approved: %(n)s changes") % {"n": f"{len(taken):,}"})


def _decided(request: HttpRequest, name: str, text: str) -> HttpResponse:
    if is_htmx(request):
        context = _waiting(request, find(name)) | {"said": text}
        return render(request, "lifecycle/_waiting.html", context)
    messages.success(request, text)
    return redirect("service_waiting", name)
