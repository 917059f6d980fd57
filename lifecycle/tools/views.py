"""The tools of a service: listed on its page, called, and the outcome of a call."""

from __future__ import annotations

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
from lifecycle.tools.answers.queries import answer_to
from lifecycle.tools.playground import session
from lifecycle.tools.playground import views as playground_views
from lifecycle.tools.playground.session import NotArgumentsError, Session
from registry.access.roles import require
from registry.models import Role, Service


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
        found = _session(request, service, tool)
        if isinstance(found, HttpResponse):
            return found
        command = operation_commands.request(
            Command.Kind.CALL_TOOL,
            name,
            by=request.user.get_username(),
            now=timezone.now(),
            arguments={"tool": tool, "arguments": found.value},
            origin=Command.Origin.PAGE,
        )
    except NotArgumentsError as exc:
        return _call_refused(request, service, playground_views.refusal(exc), 422)
    except operation_commands.NotPossibleError as exc:
        return _call_refused(request, service, str(exc), 409)
    if is_htmx(request):
        return _call(request, service, command)
    return redirect("tool_outcome", name, command.pk)


def _session(request: HttpRequest, service: Service, tool: str) -> Session | HttpResponse:
    """What was typed; the form once more where it does not fit and nobody said "all the same"."""
    known = service.tools.filter(name=tool).order_by("position").first()
    found = session.go_on(known.input_schema if known else {}, request.POST.dict())
    wrong = found.typing or (found.problems and "anyway" not in request.POST)
    if known is None or not wrong or not is_htmx(request) or "shown" not in request.POST:
        return found
    return playground_views.does_not_fit(request, service, known, found)


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
        said = _("The arguments and result of this call have been deleted.")
        return {"service": service, "command": command, "refused": said}
    return {
        "service": service,
        "command": command,
        "tool": operation_commands.arguments_of(command).get("tool", ""),
        "answer": answer_to(service, command) if finished else None,
    }
