"""Charts as a page asks for them: as pictures, and as numbers for its script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lifecycle.monitoring.charts import marks, pictures, presenter, queries, windows
from lifecycle.monitoring.charts.pictures import Pictures
from lifecycle.monitoring.charts.windows import WindowError
from lifecycle.monitoring.rollups import presenter as rollup_presenter
from lifecycle.pages.lookup import keeps_itself_new, listed_service
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
@never_cache
@keeps_itself_new
def service_charts(request: HttpRequest, name: str) -> HttpResponse:
    """All charts of one service over `range`, or `from` and `to`; `after` asks for what is new alone."""
    service, now = listed_service(name), timezone.now()
    try:
        window = windows.asked(request.GET, now)
    except WindowError as exc:
        return _wrong(exc)
    past = queries.past_of(service, window, now)
    charts = queries.of_service(service, window, past, now)
    happened = marks.of_service(service, past, window.start, window.end)
    note = presenter.note(rollup_presenter.filling(), charts)
    return JsonResponse(presenter.answer(window, queries.since(charts, _after(request)), happened, note))


@require(Role.VIEWER)
@require_safe
@never_cache
def overview_charts(request: HttpRequest) -> JsonResponse:
    """The chart of all services together."""
    now = timezone.now()
    try:
        window = windows.asked(request.GET, now)
    except WindowError as exc:
        return _wrong(exc)
    charts = queries.of_fleet(window)
    happened = marks.of_fleet(window.start, window.end)
    note = presenter.note(rollup_presenter.fleet_filling(now), charts)
    return JsonResponse(presenter.answer(window, queries.since(charts, _after(request)), happened, note))


@require(Role.VIEWER)
@require_safe
@keeps_itself_new
def service_pictures(request: HttpRequest, name: str) -> HttpResponse:
    """The figures of one service as they look before anybody does something with them."""
    service, now = listed_service(name), timezone.now()
    return _figures(request, pictures.of_service(service, windows.shown_for(request.GET, now), now))


@require(Role.VIEWER)
@require_safe
def overview_pictures(request: HttpRequest) -> HttpResponse:
    """The figure of all services together."""
    now = timezone.now()
    return _figures(request, pictures.of_fleet(windows.shown_for(request.GET, now), now))


def _figures(request: HttpRequest, shown: Pictures) -> HttpResponse:
    return render(request, "lifecycle/monitoring/charts/_figures.html", {"pictures": shown})


def _after(request: HttpRequest) -> int | None:
    given = request.GET.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 12 else None


def _wrong(exc: WindowError) -> JsonResponse:
    return JsonResponse({"error": {"code": "invalid", "message": str(exc)}}, status=422)
