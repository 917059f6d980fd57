"""The numbers of charts, as the page's script asks for them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lifecycle.monitoring.charts import marks, presenter, queries, windows
from lifecycle.monitoring.charts.windows import WindowError
from lifecycle.monitoring.rollups import presenter as rollup_presenter
from lifecycle.monitoring.rollups.presenter import Filling
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
    found = queries.since(queries.of_service(service, window, past, now), _after(request))
    happened = marks.of_service(service, past, window.start, window.end)
    return JsonResponse(presenter.answer(window, found, happened, _note(rollup_presenter.filling())))


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
    found = queries.since(queries.of_fleet(window), _after(request))
    happened = marks.of_fleet(window.start, window.end)
    return JsonResponse(presenter.answer(window, found, happened, _note(rollup_presenter.fleet_filling(now))))


def _note(filling: Filling | None) -> str:
    """Why figures are incomplete, while they are."""
    return filling.text if filling else ""


def _after(request: HttpRequest) -> int | None:
    given = request.GET.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 12 else None


def _wrong(exc: WindowError) -> JsonResponse:
    return JsonResponse({"error": {"code": "invalid", "message": str(exc)}}, status=422)
