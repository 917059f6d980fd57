"""Pages of agents: list, form, token, and the address of their mcp.json."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry.access.roles import at_least, open_to_all, require, role_of
from registry.agents import operations, tokens
from registry.agents.choice import choice
from registry.agents.forms import AgentForm
from registry.agents.operations import AgentNotFoundError
from registry.errors import InvalidConfigError
from registry.mcpjson import image
from registry.models import Agent, Role
from registry.models.limits import current
from registry.rest.problems import answer


@require(Role.VIEWER)
@require_safe
def agent_list(request: HttpRequest) -> HttpResponse:
    """All agents, the built-in one first."""
    counts = operations.counts()
    rows = [
        {"agent": agent, "builtin": operations.is_builtin(agent), "count": counts.get(agent.name, 0)}
        for agent in operations.everyone()
    ]
    return render(request, "registry/agents/agent_list.html", {"rows": rows})


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def agent_add(request: HttpRequest) -> HttpResponse:
    """A form for a new agent."""
    return _form(request, None)


@require(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def agent_edit(request: HttpRequest, name: str) -> HttpResponse:
    """One agent; those who may only look see what it has."""
    if request.method == "POST":
        return _editing(request, name=name)
    return _form(request, _get(name))


@require(Role.OPERATOR, unscoped=True)
def _editing(request: HttpRequest, name: str) -> HttpResponse:
    return _form(request, _get(name))


def _get(name: str) -> Agent:
    try:
        return operations.get(name)
    except AgentNotFoundError:
        raise Http404(name) from None


def _form(request: HttpRequest, about: Agent | None) -> HttpResponse:
    """The page; a POST that only searches changes nothing."""
    posted = request.method == "POST"
    form = AgentForm(request.POST if posted else None, about=about)
    if posted and "search" in request.POST:
        return _page(request, form, fragment="registry/agents/_agent_services.html")
    if posted and form.is_valid() and _saved(request, form):
        if getattr(request, "htmx", None):
            return HttpResponse(headers={"HX-Redirect": reverse("agent_list")})
        return redirect("agent_list")
    return _page(request, form, fragment="registry/_form_errors.html", status=422 if posted else 200)


def _page(
    request: HttpRequest, form: AgentForm, *, fragment: str = "", status: int = 200, token_url: str = ""
) -> HttpResponse:
    """The whole page, or to htmx the *fragment* of it."""
    builtin = form.about is not None and operations.is_builtin(form.about)
    can_edit = at_least(role_of(request.user), Role.OPERATOR) and not builtin and not current()
    context: dict[str, Any] = {"form": form, "agent": form.about, "builtin": builtin, "can_edit": can_edit}
    context |= {"choice": choice(form.chosen(), form.searched()), "token_url": token_url}
    if fragment and request.method == "POST" and getattr(request, "htmx", None):
        return render(request, fragment, context, status=status)
    return render(request, "registry/agents/agent_form.html", context, status=status)


def _saved(request: HttpRequest, form: AgentForm) -> bool:
    given, who, now = form.cleaned_data, request.user.get_username(), timezone.now()
    wanted, about = form.chosen(), form.about
    try:
        if about is None:
            operations.add(given["name"], wanted, by=who, now=now, description=given["description"])
        else:
            operations.change(about.name, services=wanted, description=given["description"], by=who, now=now)
    except InvalidConfigError as exc:
        form.blame(exc)
        return False
    messages.success(request, _("Agent “%(name)s” saved.") % {"name": form.name_given})
    return True


@require(Role.OPERATOR, unscoped=True)
@require_POST
def agent_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Its services stay; its address ends."""
    _get(name)
    try:
        operations.remove(name, by=request.user.get_username(), now=timezone.now())
    except InvalidConfigError as exc:
        messages.error(request, str(exc))
        return redirect("agent_edit", name)
    messages.success(request, _("Agent “%(name)s” removed.") % {"name": name})
    return redirect("agent_list")


@never_cache
@require(Role.OPERATOR, unscoped=True)
@require_POST
def agent_token(request: HttpRequest, name: str) -> HttpResponse:
    """Create URL with a new token. It is in this answer and nowhere else, so no redirect follows."""
    agent = _get(name)
    token = tokens.issue(name, by=request.user.get_username(), now=timezone.now())
    url = tokens.address(name, token)
    return _page(request, AgentForm(about=operations.get(agent.name)), token_url=url)


@require(Role.OPERATOR, unscoped=True)
@require_POST
def agent_revoke(request: HttpRequest, name: str) -> HttpResponse:
    """The address with the token answers no more."""
    _get(name)
    tokens.revoke(name, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("URL of “%(name)s” revoked.") % {"name": name})
    return redirect("agent_edit", name)


@open_to_all
@never_cache
@require_safe
def agent_mcpjson(request: HttpRequest, name: str) -> HttpResponse:
    """The agent's mcp.json, to whoever has its token or is signed in."""
    agent = _known(request, name)
    if agent is None:
        said = answer("not_signed_in", "Send the token of this agent, as `Bearer` or as `?token=`.")
        return JsonResponse(said, status=401, headers={"WWW-Authenticate": "Bearer"})
    text = image.text_of(operations.document(agent))
    disposition = f'attachment; filename="{name}.mcp.json"' if "download" in request.GET else "inline"
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _known(request: HttpRequest, name: str) -> Agent | None:
    """A token that was sent decides alone, whoever is signed in."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        return tokens.find(name, token.strip(), timezone.now()) if scheme.lower() == "bearer" else None
    if "token" in request.GET:
        return tokens.find(name, request.GET["token"], timezone.now())
    return _get(name) if request.user.is_authenticated else None
