"""The bell on every page: its list, and what a browser that was asked to notify has to say."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lifecycle.alerts.episodes.listing import notices
from lifecycle.pages.context import frame_of
from registry.access.roles import require
from registry.models import Role

TARGET = "notice-list"


@require(Role.VIEWER)
@require_safe
@never_cache
def alert_notices(request: HttpRequest) -> HttpResponse:
    """The list below the bell, for htmx."""
    return fragment(request)


def fragment(request: HttpRequest, text: str = "") -> HttpResponse:
    """The list as it is now, also for who did something in it, and what came of that."""
    context = {"notices": notices.latest(frame_of(request).firing), "text": text}
    return render(request, "lifecycle/alerts/_notice_list.html", context)


def is_asked(request: HttpRequest) -> bool:
    """Whether a button in that list was used."""
    return request.headers.get("HX-Target") == TARGET


@require(Role.VIEWER)
@require_safe
@never_cache
def alert_notices_new(request: HttpRequest) -> JsonResponse:
    """What has begun to fire since the page was opened, for the browser's own notifications."""
    began = _moment(request.GET.get("since", ""))
    found = notices.since(began) if began else []
    return JsonResponse({"alerts": [asdict(one) for one in found]})


def _moment(given: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return at if at.tzinfo else None
