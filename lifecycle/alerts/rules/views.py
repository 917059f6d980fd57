"""Pages of alert rules: list and form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.rules import lint, operations
from lifecycle.alerts.rules.forms import RuleForm
from lifecycle.alerts.rules.presenter import rule_row
from lifecycle.models import AlertRule, Channel
from lifecycle.pages.answers import is_htmx
from registry.access import audit
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """All rules in words."""
    rules = AlertRule.objects.prefetch_related("channels").order_by("name")
    notes = lint.of(list(rules), timezone.now())
    rows = [rule_row(rule, notes.get(rule.pk, [])) for rule in rules]
    return render(request, "lifecycle/alerts/rule_list.html", {"rules": rows})


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_add(request: HttpRequest) -> HttpResponse:
    """A form for a new rule."""
    return _form(request, RuleForm(request.POST if request.method == "POST" else None))


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one rule; a change applies to its open episodes at once."""
    rule = get_object_or_404(AlertRule, pk=pk)
    return _form(request, RuleForm(request.POST if request.method == "POST" else None, about=rule))


def _form(request: HttpRequest, form: RuleForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        _save(request, form)
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": reverse("rule_list")})
        return redirect("rule_list")
    context: dict[str, Any] = {"form": form, "rule": form.about, "has_channels": Channel.objects.exists()}
    if request.method != "POST":
        context["warnings"] = lint.of([form.about], timezone.now())[form.about.pk] if form.about else []
        return render(request, "lifecycle/alerts/rule_form.html", context)
    template = "registry/_form_errors.html" if is_htmx(request) else "lifecycle/alerts/rule_form.html"
    return render(request, template, context, status=422)


def _save(request: HttpRequest, form: RuleForm) -> None:
    rule = operations.save(form, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Rule “%(name)s” saved.") % {"name": rule.name})
    for note in lint.of([rule], timezone.now())[rule.pk]:
        messages.warning(request, f"{rule.name}: {note.text}")


@require(Role.OPERATOR, unscoped=True)
@require_POST
def rule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off, as the form says."""
    rule, now = get_object_or_404(AlertRule, pk=pk), timezone.now()
    rule.enabled = request.POST.get("enabled") == "1"
    with transaction.atomic():
        rule.save(update_fields=["enabled"])
        evaluate.reconsider(rule, now, request.user.get_username())
        action = "alert-rule.enable" if rule.enabled else "alert-rule.disable"
        before, after = {"enabled": not rule.enabled}, {"enabled": rule.enabled}
        audit.note(request.user.get_username(), action, rule.name, now=now, before=before, after=after)
    if is_htmx(request):
        return render(
            request,
            "lifecycle/alerts/_rule_row.html",
            {"item": rule_row(rule, lint.of([rule], now)[rule.pk])},
        )
    return redirect("rule_list")


@require(Role.OPERATOR, unscoped=True)
@require_POST
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Its episodes end and go with it; messages that wait are still sent."""
    rule = get_object_or_404(AlertRule, pk=pk)
    operations.delete(rule, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Rule “%(name)s” deleted.") % {"name": rule.name})
    return redirect("rule_list")
