"""The home page: what is wrong now, since when, and what happens next; and how the fleet has fared."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.monitoring.charts import pictures, windows
from lifecycle.monitoring.charts.boxes import Range, fleet_box
from lifecycle.monitoring.export import files
from lifecycle.monitoring.overview import activity, figures, fragments, queries, tiles
from lifecycle.monitoring.rollups import presenter as rollup_presenter
from lifecycle.monitoring.uptime.slo import presenter as slo_presenter
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.context import frame_of
from registry.access.roles import require
from registry.models import Role
from registry.models.limits import current

RANGES = ("1h", "24h", "7d", "30d")
BUDGETS = 4


@require(Role.VIEWER)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The page; the figures of the chosen range are what htmx asks for as soon as it is there."""
    now = timezone.now()
    frame = frame_of(request)
    chosen = request.GET.get("range", "")
    window = windows.named(chosen if chosen in RANGES else windows.DEFAULT, now)
    standing = queries.now_of(now)
    apart = is_htmx(request)
    context = {
        "figures_url": f"{reverse('overview')}?range={window.name}",
        "tiles": tiles.of(standing, figures.of(window, now) if apart else None, window),
        "apart": apart,
    }
    if apart:
        context["filling"] = rollup_presenter.fleet_filling(now)
        if "first" in request.GET:
            context["pictures"] = pictures.of_fleet(window, now)
        return render(request, "lifecycle/monitoring/overview/_figures.html", context)
    context |= {
        "total": standing.total,
        "ranges": [_range(name, window.name) for name in RANGES],
        "first_url": f"{reverse('overview')}?range={window.name}&first=",
        "charts_box": fleet_box(window, now, "drawn" in request.GET),
        "exports": files.offers(),
        "happened": activity.happened(activity.events(), now),
        "alerts": activity.alerts_of(activity.open_episodes(), frame.open_alerts, now),
        "workers": activity.machines(standing.workers, now),
        "linked": not current(),
        "budgets": slo_presenter.budgets(BUDGETS, now),
        **fragments.now_context(standing, now),
    }
    return render(request, "lifecycle/monitoring/overview/overview.html", context)


def _range(name: str, chosen: str) -> Range:
    query = f"range={name}"
    return Range(
        word=windows.WORDS[name], query=query, href=f"{reverse('overview')}?{query}", chosen=name == chosen
    )
