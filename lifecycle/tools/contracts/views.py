"""The contract of a service: its history, pinning it, and deciding on what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.alerts.presenter import moment
from lifecycle.pages.answers import is_htmx, refused
from lifecycle.pages.lookup import listed_service
from lifecycle.pages.paging import page_number
from lifecycle.services import queries as service_queries
from lifecycle.tools import presenter as tool_presenter
from lifecycle.tools.contracts import operations, presenter
from registry.access.roles import require
from registry.core.contract.compare import Grade
from registry.errors import ContractError, ToolUnknownError
from registry.models import ContractChange, Role, Service


@require(Role.VIEWER)
@require_safe
def service_changes(request: HttpRequest, name: str) -> HttpResponse:
    """The history of what the service offers, newest first."""
    service = listed_service(name)
    grade = request.GET.get("kind", "")
    grade = grade if grade in list(Grade) else ""
    context = {
        "service": service,
        "grade": grade,
        "grades": presenter.choices(),
        "page": presenter.history_page(service, grade, page_number(request.GET.get("page", ""))),
    }
    return render(request, "lifecycle/tools/service_changes.html", context)


@require(Role.VIEWER)
@require_safe
def service_change(request: HttpRequest, name: str, change_id: int) -> HttpResponse:
    """One change in full, with both definitions line by line."""
    service = listed_service(name)
    row = get_object_or_404(ContractChange, pk=change_id, service=service)
    context = {
        "service": service,
        "change": presenter.row_of(row, most=10_000),
        "at": moment(row.at, timezone.now()),
        **presenter.comparison(row.old, row.new),
    }
    return render(request, "lifecycle/tools/service_change.html", context)


@require(Role.OPERATOR)
@require_POST
def service_pin(request: HttpRequest, name: str) -> HttpResponse:
    """Pin or unpin, as the form says; htmx gets the tools."""
    listed_service(name)
    act = operations.pin if request.POST.get("pinned") == "1" else operations.unpin
    try:
        act(name, by=request.user.get_username(), now=timezone.now())
    except ContractError as exc:
        return refused(request, str(exc), redirect("service_detail", name))
    if not is_htmx(request):
        return redirect("service_detail", name)
    service = listed_service(name)
    context = {
        "service": service,
        "box": tool_presenter.tool_page(service),
        "state": service_queries.state_of(service),
    }
    return render(request, "lifecycle/tools/_tools.html", context)


@require(Role.VIEWER)
@require_safe
def service_waiting(request: HttpRequest, name: str) -> HttpResponse:
    """What waits for approval, each change against what was approved."""
    return render(request, "lifecycle/tools/service_waiting.html", _waiting(request, listed_service(name)))


def _waiting(request: HttpRequest, service: Service) -> dict[str, Any]:
    contract_status = operations.contract_status(service)
    number = page_number(request.GET.get("page", ""))
    page = presenter.waiting_page(service, contract_status, number, timezone.now())
    return {"service": service, "contract_status": contract_status, "page": page}


@require(Role.OPERATOR)
@require_POST
def service_approve(request: HttpRequest, name: str) -> HttpResponse:
    """Take the one change that the form names, if it is still what it shows."""
    return _decide(request, name, operations.approve, _("Approved: %(tool)s"))


@require(Role.OPERATOR)
@require_POST
def service_refuse(request: HttpRequest, name: str) -> HttpResponse:
    """Keep refusing the one that the form names."""
    return _decide(
        request, name, operations.refuse, _("Calls to %(tool)s are refused until it changes again.")
    )


def _decide(request: HttpRequest, name: str, act: Callable[..., None], words: str) -> HttpResponse:
    listed_service(name)
    tool, seen = request.POST.get("tool", ""), request.POST.get("hash", "")
    try:
        act(name, tool, seen=seen, by=request.user.get_username(), now=timezone.now())
    except ToolUnknownError:
        raise Http404(tool) from None
    except ContractError as exc:
        return refused(request, str(exc), redirect("service_waiting", name))
    return _decided(request, name, words % {"tool": tool_presenter.clip(tool, 80)})


@require(Role.OPERATOR)
@require_POST
def service_approve_all(request: HttpRequest, name: str) -> HttpResponse:
    """Take all that waits, if it is still what the page showed."""
    listed_service(name)
    who, now = request.user.get_username(), timezone.now()
    try:
        taken = operations.approve_all(name, seen=request.POST.get("hash", ""), by=who, now=now)
    except ContractError as exc:
        return refused(request, str(exc), redirect("service_waiting", name))
    return _decided(request, name, _("Approved: %(n)s changes") % {"n": f"{len(taken):,}"})


def _decided(request: HttpRequest, name: str, text: str) -> HttpResponse:
    if is_htmx(request):
        context = _waiting(request, listed_service(name)) | {"said": text}
        return render(request, "lifecycle/tools/_waiting.html", context)
    messages.success(request, text)
    return redirect("service_waiting", name)
