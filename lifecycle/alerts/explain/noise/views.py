"""The page of a week's noise."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from lifecycle.alerts.explain.noise import figures, weeks
from lifecycle.alerts.explain.noise.figures import RuleNoise
from lifecycle.models import AlertRule
from lifecycle.monitoring.settings import queries as monitoring
from lifecycle.pages import humanize
from registry.access.roles import require
from registry.models import Role


@dataclass(frozen=True, kw_only=True)
class NoiseRow:
    """One line of the page."""

    rule: AlertRule
    sent: int
    messages: int
    acknowledged: int
    brief: int
    hold: str
    proposed: str
    spared: str


def noise_row(found: RuleNoise) -> NoiseRow:
    counted, values = found.noise, {"n": found.noise.spared, "of": found.noise.sent}
    return NoiseRow(
        rule=found.rule,
        sent=counted.sent,
        messages=found.messages,
        acknowledged=counted.acknowledged,
        brief=counted.brief,
        hold=humanize.lasting(found.hold) if found.hold is not None else "–",
        proposed=humanize.lasting(counted.proposed) if counted.proposed else "",
        spared=_("would have avoided %(n)d of %(of)d") % values if counted.proposed else "",
    )


@require(Role.VIEWER, unscoped=True)
@require_safe
def noise_report(request: HttpRequest) -> HttpResponse:
    """What each rule sent in one week, how much of it was noise, and a `for` that would have avoided it."""
    this = weeks.of(timezone.now())
    week = weeks.read(request.GET.get("week", "")) or this
    rows = [noise_row(found) for found in figures.of(week)]
    context = {
        "week": week,
        "rows": [row for row in rows if row.sent],
        "silent": [row.rule for row in rows if not row.sent],
        "before": week.moved(-1),
        "after": week.moved(1) if week.monday < this.monday else None,
        "quiet": not any(row.sent for row in rows),
        "mailed": monitoring.current().alert_noise_report,
    }
    return render(request, "lifecycle/alerts/noise_report.html", context)
