"""One service: its page, what can be asked of it, its tools and its events."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle import logs_shown, operations, reading, toolbox
from lifecycle.frame import frame_of
from lifecycle.happenings import happenings
from lifecycle.heading import COMMAND_WORDS, head_of
from lifecycle.models import Command
from lifecycle.neighbours import relations_of
from lifecycle.paging import page_number
from lifecycle.policy_forms import policy_facts
from lifecycle.views.answers import is_htmx, refused
from registry import secrets
from registry.access.roles import require
from registry.errors import ServiceNotFoundError
from registry.models import Role, Service

Kind = Command.Kind
BUTTONS = (Kind.START, Kind.STOP, Kind.RESTART, Kind.CHECK, Kind.RECONNECT, Kind.REFRESH_TOOLS)


def find(name: str) -> Service:
    """The listed service of this name with its state, or 404."""
    return get_object_or_404(Service.objects.listed().select_related("state_row", "contract"), name=name)


@login_required
@require_safe
def service_detail(request: HttpRequest, name: str) -> HttpResponse:
    """All about one service."""
    frame_of(request)
    service, now = find(name), timezone.now()
    context = {
        "service": service,
        "head": head_of(service, now),
        "box": box_of(request, service),
        "state": reading.state_of(service),
        "happenings": happenings(service, now),
        "logs": logs_shown.logs_of(service) if logs_shown.has_logs(service) else None,
        "config": toolbox.pretty(secrets.masked_entry(service), toolbox.LONGEST_JSON),
        "relations": relations_of(service),
        **policy_facts(service),
    }
    return render(request, "lifecycle/service_detail.html", context)


def box_of(request: HttpRequest, service: Service) -> toolbox.Toolbox:
    """The page of tools that the URL asks for."""
    q = request.GET.get("t", "").replace("\0", "").strip()[:200]
    return toolbox.toolbox(service, q, page_number(request.GET.get("p", "")))


@require(Role.OPERATOR)
@require_POST
def service_action(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """Ask the worker for something; the answer says that it was asked, the outcome follows by itself."""
    if kind not in BUTTONS:
        raise Http404
    back = redirect("service_detail", name)
    force = request.POST.get("force") == "1"
    try:
        operations.request(kind, name, by=request.user.get_username(), now=timezone.now(), force=force)
    except ServiceNotFoundError:
        raise Http404(name) from None
    except operations.NotPossibleError as exc:
        return refused(request, str(exc), back)
    if is_htmx(request):
        head = head_of(find(name), timezone.now())
        return render(request, "lifecycle/_service_head.html", {"head": head})
    messages.info(request, _("Asked: %(word)s") % {"word": COMMAND_WORDS[Kind(kind)]})
    return back


@login_required
@require_safe
def command_state(request: HttpRequest, name: str, command_id: int) -> HttpResponse:
    """How far a command has come; the head's line about it asks for this."""
    service = find(name)
    get_object_or_404(service.commands, pk=command_id)
    head = head_of(service, timezone.now())
    if head.asked is None or head.asked.id != command_id:
        return HttpResponse("")
    return render(request, "lifecycle/_command.html", {"asked": head.asked, "name": name})


@login_required
@require_safe
def service_tools(request: HttpRequest, name: str) -> HttpResponse:
    """The tools; 204 where the page already shows these."""
    service = find(name)
    box = box_of(request, service)
    if request.GET.get("seen") == box.digest:
        return HttpResponse(status=204)
    return render(
        request, "lifecycle/_tools.html", {"service": service, "box": box, "state": reading.state_of(service)}
    )


@login_required
@require_safe
def service_events(request: HttpRequest, name: str) -> HttpResponse:
    """Transitions: the latest as a fragment (204 where they are already shown), older ones as a page."""
    service, now = find(name), timezone.now()
    before = request.GET.get("before", "")
    found = happenings(service, now, before=int(before) if before.isdecimal() and len(before) < 19 else 0)
    if not is_htmx(request):
        return render(request, "lifecycle/service_events.html", {"service": service, "happenings": found})
    if request.GET.get("seen") == str(found.last_id):
        return HttpResponse(status=204)
    return render(request, "lifecycle/_events.html", {"service": service, "happenings": found})


@require(Role.OPERATOR)
@require_POST
def tool_call(request: HttpRequest, name: str) -> HttpResponse:
    """Ask the worker to call a tool; the answer asks for the outcome until it is there."""
    service = find(name)
    tool = request.POST.get("tool", "")
    if not (service.tools.filter(name=tool).exists() or service.waiting_tools.filter(name=tool).exists()):
        raise Http404(tool)
    try:
        arguments = _arguments(request.POST.get("arguments", ""))
        command = operations.request(
            Kind.CALL_TOOL,
            name,
            by=request.user.get_username(),
            now=timezone.now(),
            arguments={"tool": tool, "arguments": arguments},
        )
    except ValueError as exc:
        return _call_refused(request, service, str(exc), 422)
    except operations.NotPossibleError as exc:
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
        return render(request, "lifecycle/_call.html", {"refused": text}, status=status)
    return refused(request, text, redirect("service_detail", service.name))


@require(Role.OPERATOR)
@require_safe
def tool_outcome(request: HttpRequest, name: str, command_id: int) -> HttpResponse:
    """The outcome of one call, for people of the same rights as the caller."""
    service = find(name)
    command = get_object_or_404(service.commands.filter(kind=Kind.CALL_TOOL), pk=command_id)
    if is_htmx(request):
        return _call(request, service, command)
    return render(request, "lifecycle/tool_outcome.html", _call_context(service, command))


def _call(request: HttpRequest, service: Service, command: Command) -> HttpResponse:
    return render(request, "lifecycle/_call.html", _call_context(service, command))


def _call_context(service: Service, command: Command) -> dict[str, Any]:
    finished = command.state in operations.FINISHED
    return {
        "service": service,
        "command": command,
        "tool": operations.arguments_of(command).get("tool", ""),
        "answer": _answer(service, command) if finished else None,
    }


def _answer(service: Service, command: Command) -> toolbox.Answer:
    outcome = operations.outcome_of(command)
    if outcome is None:
        outcome = {"ok": False, "error": command.error or _("The call failed.")}
    known = secrets.known_values(service)
    return toolbox.answer_of(toolbox.mapped(outcome, lambda text: secrets.mask(text, known)))
