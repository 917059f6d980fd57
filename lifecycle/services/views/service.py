"""The page of one service: its head, commands and events."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.alerts.silences import covering
from lifecycle.logs import presenter as log_presenter
from lifecycle.models import Command
from lifecycle.monitoring.charts.boxes import service_box
from lifecycle.monitoring.charts.windows import shown_for
from lifecycle.monitoring.export import files
from lifecycle.monitoring.listed import error_words
from lifecycle.monitoring.uptime import presenter as uptime_presenter
from lifecycle.monitoring.uptime.slo import presenter as slo_presenter
from lifecycle.monitoring.uptime.slo import slow_words
from lifecycle.operations import commands as operation_commands
from lifecycle.operations import ordering
from lifecycle.pages.answers import is_htmx, refused, toast
from lifecycle.pages.context import frame_of
from lifecycle.pages.lookup import keeps_itself_new, listed_service
from lifecycle.policies.presenter import policy_facts
from lifecycle.services import queries as service_queries
from lifecycle.services.event_lines import event_page
from lifecycle.services.heading import COMMAND_WORDS, head_of
from lifecycle.services.related import Company, relations_of
from lifecycle.signin.presenter import context_of as signin_context
from lifecycle.tools import presenter as tool_presenter
from lifecycle.tools.views import box_of
from registry.access.roles import require
from registry.errors import ServiceNotFoundError
from registry.imports.catalog import queries as catalog_queries
from registry.models import Role
from registry.secrets import vault

Kind = Command.Kind
TOGETHER = (Kind.START, Kind.STOP)
IN_LIST = "bulk-ask"
"""Where the list of services shows what it asks."""
BUTTONS = (Kind.START, Kind.STOP, Kind.RESTART, Kind.CHECK, Kind.RECONNECT, Kind.REFRESH_TOOLS)


@require(Role.VIEWER)
@require_safe
def service_detail(request: HttpRequest, name: str) -> HttpResponse:
    """All about one service."""
    frame_of(request)
    now = timezone.now()
    service = listed_service(name, lambda some: covering.marked(service_queries.for_its_page(some), now))
    context = {
        "service": service,
        "head": head_of(service, now),
        "box": box_of(request, service),
        "state": service_queries.state_of(service),
        "event_page": event_page(service, now),
        "logs": log_presenter.logs_of(service) if log_presenter.has_logs(service) else None,
        "exports": files.offers(service),
        "charts_box": service_box(service, shown_for(request.GET, now), now, "drawn" in request.GET),
        "config": tool_presenter.pretty(vault.masked_entry(service), tool_presenter.LONGEST_JSON),
        "uptime": uptime_presenter.card_of(service, now),
        "relations": relations_of(service),
        "covering": covering.of(service, now),
        "upstream": catalog_queries.status_of(service),
        **policy_facts(service),
        **signin_context(service, request.user.get_username(), now),
        "budgets": slo_presenter.budgets_of(service, now),
        "slowness": slow_words.line_of(service, now),
        "errors": error_words.line_of(service, now),
    }
    return render(request, "lifecycle/services/service_detail.html", context)


@require(Role.OPERATOR)
@require_POST
def service_action(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """Ask the worker for something; the answer says that it was asked, the outcome follows by itself."""
    if kind not in BUTTONS:
        raise Http404
    back, target = redirect("service_detail", name), request.headers.get("HX-Target")
    asks = target == IN_LIST and kind in TOGETHER and request.POST.get("alone") != "1"
    if asks and (others := ordering.company(name, kind)):
        return _ask_first(request, name, kind, Company(names=others))
    force = request.POST.get("force") == "1"
    try:
        operation_commands.request(
            kind,
            name,
            by=request.user.get_username(),
            now=timezone.now(),
            force=force,
            origin=Command.Origin.PAGE,
        )
    except ServiceNotFoundError:
        raise Http404(name) from None
    except operation_commands.NotPossibleError as exc:
        return refused(request, str(exc), back)
    said = _("Requested: %(word)s") % {"word": COMMAND_WORDS[Kind(kind)]}
    if not is_htmx(request):
        messages.info(request, said)
        return back
    if target in ("messages", IN_LIST):  # from another page
        return toast(request, f"{name}: {said}", status=200, level="info")
    head = head_of(listed_service(name), timezone.now())
    return render(request, "lifecycle/services/_service_head.html", {"head": head})


def _ask_first(request: HttpRequest, name: str, kind: str, others: Company) -> HttpResponse:
    """In the list: whether those that it needs, or that need it, are to come along."""
    context = {"service": listed_service(name), "kind": kind, "others": others, "from_list": True}
    return render(request, "lifecycle/bulk/_ask_together.html", context)


@require(Role.VIEWER)
@require_safe
def command_state(request: HttpRequest, name: str, command_id: int) -> HttpResponse:
    """How far a command has come; the head's line about it asks for this."""
    service = listed_service(name)
    get_object_or_404(service.commands, pk=command_id)
    head = head_of(service, timezone.now())
    if head.asked is None or head.asked.id != command_id:
        return HttpResponse("")
    return render(request, "lifecycle/services/_command.html", {"asked": head.asked, "name": name})


@require(Role.VIEWER)
@require_safe
@keeps_itself_new
def service_events(request: HttpRequest, name: str) -> HttpResponse:
    """Transitions: the latest as a fragment (204 where they are already shown), older ones as a page."""
    service, now = listed_service(name), timezone.now()
    before = request.GET.get("before", "")
    found = event_page(service, now, before=int(before) if before.isdecimal() and len(before) < 19 else 0)
    if not is_htmx(request):
        return render(
            request, "lifecycle/services/service_events.html", {"service": service, "event_page": found}
        )
    if request.GET.get("seen") == str(found.last_id):
        return HttpResponse(status=204)
    return render(request, "lifecycle/services/_events.html", {"service": service, "event_page": found})
