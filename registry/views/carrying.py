"""The mcp.json with its secret values, as a file that a passphrase locks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from registry import carrying, mcpjson
from registry.access.roles import require
from registry.agents import GLOBAL_AGENT
from registry.errors import InvalidConfigError
from registry.export_form import ExportForm
from registry.models import Role


@never_cache
@sensitive_post_parameters()
@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def version_export(request: HttpRequest) -> HttpResponse:
    """A form; the answer to a POST is the file itself, and it is audited."""
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (file := _file(request, form)) is not None:
        return file
    return render(request, "registry/version_export.html", {"form": form}, status=422 if form.errors else 200)


def _file(request: HttpRequest, form: ExportForm) -> HttpResponse | None:
    agent, who = form.cleaned_data["agent"], request.user.get_username()
    try:
        content = carrying.export(form.cleaned_data["passphrase"], agent=agent, by=who, now=timezone.now())
    except InvalidConfigError as exc:
        form.blame(exc)
        return None
    name = "mcp-with-secrets.json" if agent == GLOBAL_AGENT else f"{agent}.mcp-with-secrets.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(mcpjson.portable(content), content_type="application/json", headers=headers)
