"""Pages of targets: list and form."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.models import Slo
from lifecycle.monitoring.uptime.slo import change, queries
from lifecycle.monitoring.uptime.slo.forms import TargetForm
from lifecycle.monitoring.uptime.slo.presenter import line_of
from lifecycle.pages.answers import is_htmx
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER, unscoped=True)
@require_safe
def target_list(request: HttpRequest) -> HttpResponse:
    """All targets, the tightest first; htmx gets the list alone."""
    lines = [line_of(slo, timezone.now()) for slo in queries.targets()]
    page = "_target_list.html" if is_htmx(request) else "target_list.html"
    return render(request, f"lifecycle/monitoring/slo/{page}", {"lines": lines})


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def target_add(request: HttpRequest) -> HttpResponse:
    """A form for a new target; the address may name a service or a tag."""
    named = {"about": key, "name": request.GET[key]} if (key := _named(request)) else None
    return _form(request, TargetForm(request.POST if request.method == "POST" else None, initial=named))


def _named(request: HttpRequest) -> str:
    return next((key for key in ("service", "tag") if request.GET.get(key)), "")


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def target_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one target."""
    target = get_object_or_404(Slo.objects.select_related("service"), pk=pk)
    return _form(request, TargetForm(request.POST if request.method == "POST" else None, target=target))


def _form(request: HttpRequest, form: TargetForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        slo = change.save(form.target, form.values(), by=request.user.get_username(), now=timezone.now())
        messages.success(request, _("Target of %(name)s saved.") % {"name": queries.name_of(slo)})
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": reverse("target_list")})
        return redirect("target_list")
    context = {
        "form": form,
        "target": form.target,
        "name": queries.name_of(form.target) if form.target else "",
    }
    if request.method != "POST":
        return render(request, "lifecycle/monitoring/slo/target_form.html", context)
    page = "registry/_form_errors.html" if is_htmx(request) else "lifecycle/monitoring/slo/target_form.html"
    return render(request, page, context, status=422)


@require(Role.OPERATOR, unscoped=True)
@require_POST
def target_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """It goes with all that was counted for it."""
    slo = get_object_or_404(Slo.objects.select_related("service"), pk=pk)
    name = queries.name_of(slo)
    change.remove(slo, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Target of %(name)s removed.") % {"name": name})
    return redirect("target_list")
