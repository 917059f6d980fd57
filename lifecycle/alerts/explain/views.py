"""Pages: why a service's alert came, and why none did."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from lifecycle.alerts.explain import facts
from lifecycle.alerts.explain.words import absence_row
from lifecycle.pages.context import frame_of
from lifecycle.pages.lookup import listed_service
from registry.access.roles import require
from registry.models import Role

SPANS = (("1", lazy("1 hour")), ("24", lazy("24 hours")), ("168", lazy("7 days")), ("336", lazy("14 days")))
USUAL = "24"


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
