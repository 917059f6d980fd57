"""The page Settings → Monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.monitoring.settings import change, presenter, queries
from lifecycle.monitoring.settings.forms import MonitoringForm
from lifecycle.pages.answers import is_htmx
from registry.access.roles import at_least, require, role_of
from registry.errors import InvalidConfigError
from registry.models import Role

PAGE = "lifecycle/monitoring/settings/monitoring_settings.html"


@require(Role.VIEWER)
@require_http_methods(["GET", "HEAD"])
def monitoring_settings(request: HttpRequest) -> HttpResponse:
    """All options; who is no admin sees them and cannot change them."""
    form = MonitoringForm(lines=queries.lines())
    return _page(request, form)


def _page(request: HttpRequest, form: MonitoringForm, status: int = 200) -> HttpResponse:
    mine = at_least(role_of(request.user), Role.ADMIN)
    if not mine:
        for field in form.fields.values():
            field.disabled = True
    context = {"form": form, "mine": mine, "notes": presenter.NOTES}
    return render(request, PAGE, context, status=status)


@require(Role.ADMIN)
@require_POST
def monitoring_settings_save(request: HttpRequest) -> HttpResponse:
    """Save them; workers apply them within two seconds."""
    form = MonitoringForm(request.POST, lines=queries.lines())
    if form.is_valid() and _saved(request, form):
        messages.success(request, _("Monitoring settings saved. Workers are applying them now."))
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": reverse("monitoring_settings")})
        return redirect("monitoring_settings")
    if is_htmx(request):
        return render(request, "registry/_form_errors.html", {"form": form}, status=422)
    return _page(request, form, status=422)


def _saved(request: HttpRequest, form: MonitoringForm) -> bool:
    try:
        _change(request, form.changes())
    except InvalidConfigError as exc:
        form.blame(exc)
        return False
    return True


@require(Role.ADMIN)
@require_POST
def monitoring_settings_reset(request: HttpRequest) -> HttpResponse:
    """Back to the defaults."""
    _change(request, {}, whole=True)
    messages.success(request, _("Monitoring settings reset to defaults."))
    return redirect("monitoring_settings")


def _change(request: HttpRequest, changes: Mapping[str, Any], *, whole: bool = False) -> None:
    who, role = request.user.get_username(), role_of(request.user)
    change.change(changes, by=who, role=role, now=timezone.now(), whole=whole)
