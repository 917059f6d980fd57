"""The tools of a service: listed on its page, called, and the outcome of a call."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.pages.answers import is_htmx, refused
from lifecycle.pages.lookup import keeps_itself_new, listed_service
from lifecycle.pages.paging import page_number
from lifecycle.services import queries as service_queries
from lifecycle.tools import presenter
from registry.access.roles import require
from registry.models import Role, Service
from registry.secrets import vault


def box_of(request: HttpRequest, service: Service) -> presenter.ToolPage:
    """The page of tools that the URL asks for."""
    q = request.GET.get("t", "").replace("\0", "").strip()[:200]
    return presenter.tool_page(service, q, page_number(request.GET.get("p", "")))


@require(Role.VIEWER)
@require_safe
@keeps_itself_new
def service_tools(request: HttpRequest, name: str) -> HttpResponse:
    """The tools; 204 where the page already shows these."""
    service = listed_service(name)
    box = box_of(request, service)
    if request.GET.get("seen") == box.digest:
        return HttpResponse(status=204)
    context = {"service": service, "box": box, "state": service_queries.state_of(service)}
    answer = render(request, "lifecycle/tools/_tools.html", context)
    if "seen" not in request.GET:  # a person searched or turned the page: the address says so
        address = reverse("service_detail", args=[name])
        asked = urlencode([("t", box.q)] if box.page.number == 1 else [("t", box.q), ("p", box.page.number)])
        answer["HX-Push-Url"] = f"{address}?{asked}"
    return answer


@require(Role.OPERATOR)
@require_POST
def tool_call(request: HttpRequest, name: str) -> HttpResponse:
    """Ask the worker to call a tool; the answer asks for the outcome until it is there."""
    service = listed_service(name)
    tool = request.POST.get("tool", "")
    if not (service.tools.filter(name=tool).exists() or service.waiting_tools.filter(name=tool).exists()):
        raise Http404(tool)
    try:
        arguments = _arguments(request.POST.get("arguments", ""))
        command = operation_commands.request(
            Command.Kind.CALL_TOOL,
            name,
            by=request.user.get_username(),
            now=timezone.now(),
            arguments={"tool": tool, "arguments": arguments},
            origin=Command.Origin.PAGE,
        )
    except ValueError as exc:
        return _call_refused(request, service, str(exc), 422)
    except operation_commands.NotPossibleError as exc:
        return _call_refused(request, service, str(exc), 409)
    if is_htmx(request):
        return _call(request, service, command)
    return redirect("tool_outcome", name, command.pk)


def _arguments(text: str) -> dict[str, Any]:
    """The JSON object that was typed; ValueError says where it is not one."""
    try:
        given = json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError) as exc:
        place = (
            f"line {exc.lineno}, column {exc.colno}: {exc.msg}" if isinstance(exc, ValueError) else "too deep"
        )
        raise ValueError(_("The arguments are not JSON (%(place)s).") % {"place": place}) from None
    if not isinstance(given, dict):
        raise ValueError(_("The arguments must be a JSON object: {…}."))
    return given


def _call_refused(request: HttpRequest, service: Service, text: str, status: int) -> HttpResponse:
    if is_htmx(request):
        return render(request, "lifecycle/tools/_call.html", {"refused": text}, status=status)
    return refused(request, text, redirect("service_detail", service.name))


@require(Role.OPERATOR)
@require_safe
def tool_outcome(request: HttpRequest, name: str, command_id: int) -> HttpResponse:
    """The outcome of one call, for people of the same rights as the caller."""
    service = listed_service(name)
    command = get_object_or_404(service.commands.filter(kind=Command.Kind.CALL_TOOL), pk=command_id)
    if is_htmx(request):
        return _call(request, service, command)
    return render(request, "lifecycle/tools/tool_outcome.html", _call_context(service, command))


def _call(request: HttpRequest, service: Service, command: Command) -> HttpResponse:
    return render(request, "lifecycle/tools/_call.html", _call_context(service, command))


def _call_context(service: Service, command: Command) -> dict[str, Any]:
    finished = command.state in operation_commands.FINISHED
    if command.state == Command.State.DONE and not command.outcome:
        said = _("What this call was given and what it answered is no longer kept.")
        return {"service": service, "command": command, "refused": said}
    return {
        "service": service,
        "command": command,
        "tool": operation_commands.arguments_of(command).get("tool", ""),
        "answer": answer_to(service, command) if finished else None,
    }


def answer_to(service: Service, command: Command) -> presenter.Answer:
    """The outcome of a finished call, ready to show."""
    outcome = operation_commands.outcome_of(command)
    if outcome is None:
        outcome = {"ok": False, "error": command.error or _("The call failed.")}
    known = vault.known_values(service)
    return presenter.answer_of(presenter.mapped(outcome, lambda text: vault.mask(text, known)))
