"""Pages: why a service's alert came, and why none did."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from lifecycle.alerts.explain import backtest, facts, forecasts, running, tried
from lifecycle.alerts.explain.words import absence_row
from lifecycle.alerts.rules.forms import RuleForm
from lifecycle.models import AlertRule
from lifecycle.pages.context import frame_of
from lifecycle.pages.lookup import listed_service
from registry.access.roles import require
from registry.installation.sentences import mark
from registry.models import Role

SPANS = (("1", lazy("1 hour")), ("24", lazy("24 hours")), ("168", lazy("7 days")), ("336", lazy("14 days")))
USUAL = "24"
UNNAMED = "\u2026"
"""For a rule whose name is not typed yet."""


@require(Role.VIEWER)
@require_safe
def why_not(request: HttpRequest, name: str) -> HttpResponse:
    """Rule by rule what became of one service's alerts, and what kept them from being sent."""
    frame_of(request)
    service, now = listed_service(name), timezone.now()
    asked = request.GET.get("hours", USUAL)
    hours = asked if asked in dict(SPANS) else USUAL
    found = facts.absences(service, now - timedelta(hours=int(hours)), now)
    context = {
        "service": service,
        "rows": [absence_row(one, now) for one in found],
        "spans": SPANS,
        "hours": hours,
    }
    return render(request, "lifecycle/alerts/why_not.html", context)


def _typed(request: HttpRequest) -> RuleForm:
    """The form of a rule as it stands, saved or not; what it is called does not matter here."""
    number = request.GET.get("about", "")
    known = number.isascii() and number.isdigit() and len(number) < 19
    about = AlertRule.objects.filter(pk=int(number)).first() if known else None
    given = request.GET.copy()
    given["name"], given["message"] = about.name if about else UNNAMED, ""
    return RuleForm(given, about=about)


def _mistakes(form: RuleForm) -> list[str]:
    """What is wrong with it, field by field."""
    return [
        f"{form.fields[name].label if name in form.fields else ''}{mark(': ')}{errors[0]}"
        for name, errors in form.errors.items()
    ]


@require(Role.OPERATOR, unscoped=True)
@require_safe
def rule_forecast(request: HttpRequest) -> HttpResponse:
    """When the rule that is being written would tell, if what it is about began now: part of its form."""
    form, now = _typed(request), timezone.now()
    if not form.is_valid():
        return render(request, "lifecycle/alerts/_forecast.html", {"mistakes": _mistakes(form)})
    found = forecasts.of(form.draft(now), list(form.cleaned_data["channels"]), now)
    return render(request, "lifecycle/alerts/_forecast.html", {"forecast": found})


@require(Role.OPERATOR, unscoped=True)
@require_safe
def rule_backtest(request: HttpRequest) -> HttpResponse:
    """What the rule that is being written would have sent lately: part of its form; takes some seconds."""
    form, now = _typed(request), timezone.now()
    template = "lifecycle/alerts/_backtest.html"
    if not form.is_valid():
        return render(request, template, {"mistakes": _mistakes(form)})
    rule, channels = form.draft(now), list(form.cleaned_data["channels"])
    try:
        with running.one_of(_person(request)) as stop:
            found = backtest.run(rule, channels, now, stop=stop)
    except running.BusyError:
        return render(request, template, {"busy": True})
    return render(request, template, {"found": tried.tried(rule, found)})


@require(Role.OPERATOR, unscoped=True)
@require_safe
def rule_backtest_stop(request: HttpRequest) -> HttpResponse:
    """Let the run of this person come to its end now; it shows what it has."""
    running.stop(_person(request))
    return HttpResponse(status=204)


def _person(request: HttpRequest) -> int:
    return int(request.user.pk or 0)
