"""The playground of a tool: brought when it is wanted, and kept in step while somebody types."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.monitoring.calls import presenter as call_presenter
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.lookup import listed_service
from lifecycle.tools.playground import copying, earlier, presenter, session
from lifecycle.tools.playground.session import NotArgumentsError, Session
from registry.access.roles import require
from registry.models import Role, Service, Tool


def tool_of(service: Service, name: str) -> Tool:
    """The tool of that name, the first of several; else 404."""
    tool = None if "\0" in name else service.tools.filter(name=name).order_by("position").first()
    if tool is None:
        raise Http404(name)
    return tool


@require(Role.OPERATOR)
@require_safe
def tool_playground(request: HttpRequest, name: str) -> HttpResponse:
    """The form, with a draft of the arguments."""
    service = listed_service(name)
    tool = tool_of(service, request.GET.get("tool", ""))
    if not is_htmx(request):
        return redirect(f"{reverse('service_detail', args=[name])}?{urlencode({'t': tool.name})}#tools-title")
    again = earlier.arguments_of(service, tool.name, request.GET.get("again", ""))
    context = context_of(service, tool, session.begin(tool.input_schema, again.arguments if again else None))
    return render(request, "lifecycle/tools/playground/_playground.html", context | {"earlier": again})


@require(Role.OPERATOR)
@require_safe
def tool_history(request: HttpRequest, name: str) -> HttpResponse:
    """The last calls of the tool, each to be used again."""
    service = listed_service(name)
    tool = tool_of(service, request.GET.get("tool", ""))
    lines = call_presenter.lines(service, tool.name, timezone.now(), earlier.SHOWN)
    context = {"service": service, "tool": tool, "lines": lines, "stem": stem_of(tool)}
    return render(request, "lifecycle/tools/playground/_history.html", context)


@require(Role.OPERATOR)
@require_POST
def tool_snippet(request: HttpRequest, name: str) -> HttpResponse:
    """The call as it stands in the form, as text for a shell or for Python."""
    service = listed_service(name)
    tool, way = tool_of(service, request.POST.get("tool", "")), request.POST.get("way", "")
    if way not in copying.WAYS:
        raise Http404(way)
    try:
        found = session.go_on(tool.input_schema, request.POST.dict())
    except NotArgumentsError as exc:
        return render(request, "lifecycle/tools/_call.html", {"refused": refusal(exc)}, status=422)
    context = {"snippet": copying.snippet(service, tool.name, found, way), "stem": stem_of(tool)}
    return render(request, "lifecycle/tools/playground/_snippet.html", context)


@require(Role.OPERATOR)
@require_POST
def tool_form(request: HttpRequest, name: str) -> HttpResponse:
    """What was typed into one of form and JSON, in the other; nothing is called and nothing is kept."""
    service = listed_service(name)
    tool = tool_of(service, request.POST.get("tool", ""))
    stem = stem_of(tool)
    try:
        found = session.go_on(tool.input_schema, request.POST.dict(), request.POST.get("do", ""))
    except NotArgumentsError as exc:
        return _refused(request, stem, exc)
    answer = render(request, "lifecycle/tools/playground/_changed.html", context_of(service, tool, found))
    target = f"{stem}-{'form' if found.rebuilt else 'json'}"
    if request.headers.get("HX-Target") != target:  # who asked may be gone from the page
        answer["HX-Retarget"] = f"#{target}"
    return answer


def _refused(request: HttpRequest, stem: str, exc: NotArgumentsError) -> HttpResponse:
    """The form stays as it is: what was typed as JSON is none."""
    context = {"stem": stem, "refused": refusal(exc), "shown": request.POST.get("shown", "")}
    answer = render(request, "lifecycle/tools/playground/_state.html", context)
    answer["HX-Retarget"] = f"#{stem}-state"
    return answer


def refusal(exc: NotArgumentsError) -> str:
    """What is wrong with the JSON, and where."""
    if not exc.place:
        return _("The arguments must be a JSON object: {…}.")
    return _("The arguments are not valid JSON (%(place)s).") % {"place": exc.place}


def does_not_fit(request: HttpRequest, service: Service, tool: Tool, found: Session) -> HttpResponse:
    """The form again, with what is wrong at its fields, instead of a call."""
    context = context_of(service, tool, Session(**{**vars(found), "rebuilt": True}))
    answer = render(request, "lifecycle/tools/playground/_changed.html", context, status=422)
    answer["HX-Retarget"], answer["HX-Reswap"] = f"#{stem_of(tool)}-form", "outerHTML"
    return answer


def stem_of(tool: Tool) -> str:
    """What the ids of a tool's playground begin with."""
    return f"pg{tool.pk}"


def context_of(service: Service, tool: Tool, found: Session) -> dict[str, Any]:
    """What the templates of the playground show."""
    url, stem = reverse("tool_form", args=[service.name]), stem_of(tool)
    return {
        "service": service,
        "tool": tool,
        "stem": stem,
        "session": found,
        "shown": found.stands_for,
        "form": presenter.view(found, stem),
        "form_url": url,
        # What was typed before a button was pressed is sent with it, and may not take its place.
        "again": format_html('hx-post="{}" hx-sync="closest .pg-columns:replace"', url),
    }
