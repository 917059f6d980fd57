"""The page of alerts: open episodes and past ones."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.alerts.episodes import operations
from lifecycle.alerts.episodes.course import course
from lifecycle.alerts.explain import causes, facts, words
from lifecycle.alerts.presenter import EpisodeRow, episode_row
from lifecycle.alerts.silences import quiet as hushed
from lifecycle.alerts.silences.quiet import Quiet
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from lifecycle.pages.answers import is_htmx, refused
from lifecycle.pages.context import frame_of
from registry.access.roles import require
from registry.models import Role

OPEN_SHOWN = 200
PAGE_SIZE = 50
WAITS_LAST = Case(When(state=Episode.State.PENDING, then=1), default=0)


@require(Role.VIEWER)
@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """Open episodes first, then those that are over, in pages; htmx gets the lists alone."""
    frame_of(request)
    template = "lifecycle/alerts/_alert_list.html" if is_htmx(request) else "lifecycle/alerts/alert_list.html"
    return render(request, template, _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    resolved, quiet = Episode.objects.filter(state=Episode.State.RESOLVED), request.GET.get("quiet") == "1"
    if not quiet:
        resolved = resolved.filter(fired_at__isnull=False)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        resolved = resolved.filter(pk__lt=int(before))
    else:
        before = ""
    over = _rows(resolved, PAGE_SIZE + 1)
    is_open = Episode.objects.exclude(state=Episode.State.RESOLVED)
    now, cause = timezone.now(), request.GET.get("cause", "")[:200]
    folded = causes.Folded() if before else causes.fold(now, cause)
    return {
        "causes": folded.causes,
        "open": [] if before else _rows(_first(is_open, folded.hidden), OPEN_SHOWN, hushed.now_is(now)),
        "more_open": 0 if before else max(is_open.count() - len(folded.hidden) - OPEN_SHOWN, 0),
        "over": over[:PAGE_SIZE],
        "older": over[PAGE_SIZE - 1].row.pk if len(over) > PAGE_SIZE else 0,
        "before": before,
        "quiet": quiet,
        "address": "?"
        + urlencode(
            {
                **({"quiet": 1} if quiet else {}),
                **({"before": before} if before else {}),
                **({"cause": cause} if cause else {}),
            }
        ),
        "has_rules": AlertRule.objects.filter(enabled=True).exists(),
        "has_channels": Channel.objects.filter(enabled=True).exists(),
    }


def _first(found: QuerySet[Episode], hidden: Collection[int]) -> QuerySet[Episode]:
    """So many as are shown, without those that stand in another line."""
    if not hidden:
        return found
    every = found.order_by(WAITS_LAST, "-pk").values_list("pk", flat=True)
    return Episode.objects.filter(pk__in=list(islice((pk for pk in every if pk not in hidden), OPEN_SHOWN)))


def _rows(found: QuerySet[Episode], limit: int, hush: Quiet | None = None) -> list[EpisodeRow]:
    now = timezone.now()
    rows = list(found.select_related("rule", "service__state_row").order_by(WAITS_LAST, "-pk")[:limit])
    states: dict[int, list[str]] = {row.pk: [] for row in rows}
    told = Delivery.objects.filter(episode__in=states).order_by("pk")
    for episode, state in told.values_list("episode_id", "state"):
        if episode is not None:
            states[episode].append(state)
    return [episode_row(row, now, states[row.pk], hush) for row in rows]


@require(Role.VIEWER)
@require_safe
def alert_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert: what became of it, what keeps it from being told, and what to do about it."""
    row = get_object_or_404(Episode.objects.select_related("rule", "service__state_row"), pk=pk)
    now = timezone.now()
    told = Delivery.objects.filter(episode=row).values_list("state", flat=True)
    context = {
        "item": episode_row(row, now, told, hushed.now_is(now)),
        "open": row.state != Episode.State.RESOLVED,
        "lines": course(row, now),
        "why": words.sentences(facts.of_episode(row, now), now),
    }
    return render(request, "lifecycle/alerts/alert_detail.html", context)


@require(Role.OPERATOR)
@require_POST
def alert_note(request: HttpRequest, pk: int) -> HttpResponse:
    """A person writes something on it."""
    row, text = get_object_or_404(Episode, pk=pk), request.POST.get("text", "").strip()
    if text:
        operations.note(row, text[:1000], by=request.user.get_username(), now=timezone.now())
    return redirect("alert_detail", pk=pk)


@require(Role.OPERATOR)
@require_POST
def alert_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody takes it on; 409 when it was over already or somebody else was first."""
    get_object_or_404(Episode, pk=pk)
    if not operations.acknowledge(pk, by=request.user.get_username(), now=timezone.now()):
        return refused(request, _("This alert is no longer firing."), redirect("alert_list"))
    if is_htmx(request):
        return render(request, "lifecycle/alerts/_alert_list.html", _context(request))
    return redirect("alert_list")
