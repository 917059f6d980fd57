"""The uptime of one service as a part of its page, and the hours in which it counts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lifecycle.monitoring.uptime import hours, presenter
from lifecycle.monitoring.uptime.forms import HoursForm, form_of
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.lookup import keeps_itself_new, listed_service
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError
from registry.models import Role


@require(Role.VIEWER)
@require_safe
@keeps_itself_new
def service_uptime(request: HttpRequest, name: str) -> HttpResponse:
    """Asked for by the page when the service changed; as a page of its own it is the service's."""
    if not is_htmx(request):
        return redirect("service_detail", name)
    service = listed_service(name)
    context = {"service": service, "uptime": presenter.card_of(service, timezone.now())}
    return render(request, "lifecycle/monitoring/uptime/_uptime.html", context)


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_hours(request: HttpRequest, name: str) -> HttpResponse:
    """The hours in which a service is expected to serve."""
    service = listed_service(name)
    form = form_of(service, request.POST if request.method == "POST" else None)
    if form.is_valid() and _saved(request, name, form):
        messages.success(request, _("Service hours saved. They also apply to past days."))
        back = reverse("service_detail", args=[name])
        return HttpResponse(headers={"HX-Redirect": back}) if is_htmx(request) else redirect(back)
    template = (
        "registry/_form_errors.html" if is_htmx(request) else "lifecycle/monitoring/uptime/service_hours.html"
    )
    context = {"service": service, "form": form}
    return render(request, template, context, status=422 if form.is_bound else 200)


def _saved(request: HttpRequest, name: str, form: HoursForm) -> bool:
    by, role = request.user.get_username(), role_of(request.user)
    try:
        hours.change(name, **form.values(), by=by, role=role, now=timezone.now())
    except InvalidConfigError as exc:
        form.add_error("zone", f"{exc.what}. {exc.remedy}.")
        return False
    return True
