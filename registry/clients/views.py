"""Connect a client: the configuration of a service, of an agent's services or of all, to copy or download."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from registry.access.roles import require
from registry.agents.operations import GLOBAL_AGENT, AgentNotFoundError
from registry.clients import presenter, queries
from registry.clients.queries import ClientNotFoundError, File
from registry.errors import ServiceNotFoundError
from registry.models import Role

FIRST = "claude-desktop"


def _about(request: HttpRequest) -> dict[str, str]:
    return {key: value for key in ("service", "agent") if (value := request.GET.get(key, ""))}


def _file(request: HttpRequest) -> File:
    about, client = _about(request), request.GET.get("client", FIRST)
    try:
        if "service" in about:
            return queries.of_service(client, about["service"])
        return queries.of_agent(client, about.get("agent", GLOBAL_AGENT))
    except (ServiceNotFoundError, AgentNotFoundError, ClientNotFoundError) as exc:
        raise Http404(str(exc)) from None


@require(Role.VIEWER)
@require_safe
def client_connect(request: HttpRequest) -> HttpResponse:
    """Choose a client; no value of a secret is shown."""
    file, about = _file(request), _about(request)
    what = about.get("service") or about.get("agent") or _("all services")
    context = presenter.page(file, about) | {"about": about, "what": what}
    return render(request, "registry/clients/client_connect.html", context)


@require(Role.VIEWER)
@require_safe
def client_file(request: HttpRequest) -> HttpResponse:
    """The same text as a file, under the name that the client knows it by."""
    file = _file(request)
    headers = {
        "Content-Disposition": f'attachment; filename="{file.target.file}"',
        "X-Content-Type-Options": "nosniff",
    }
    kinds = {"json": "application/json", "toml": "application/toml", "yaml": "application/yaml"}
    kind = f"{kinds[file.target.language]}; charset=utf-8"
    return HttpResponse(file.written.text, content_type=kind, headers=headers)
