"""The page of alerts: open episodes and past ones."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.alerts.episodes import operations
from lifecycle.alerts.episodes.listing import page
from lifecycle.alerts.episodes.listing import views as listing_views
from lifecycle.alerts.episodes.listing.course import course
from lifecycle.alerts.explain import facts, words
from lifecycle.alerts.presenter import episode_row
from lifecycle.alerts.silences import quiet as hushed
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from lifecycle.monitoring.uptime.statuspages import queries as status_pages
from lifecycle.pages.answers import is_htmx, refused
from lifecycle.pages.context import frame_of
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """Open episodes first, then those that are over, in pages; htmx gets the lists alone."""
    frame_of(request)
    context = page.context(request.GET.dict())
    if is_htmx(request):
        return render(request, "lifecycle/alerts/_alert_list.html", context)
    context["has_rules"], context["has_channels"] = _set_up()
    return render(request, "lifecycle/alerts/alert_list.html", context)


def _set_up() -> tuple[bool, bool]:
    """Whether a rule and a channel are enabled."""
    rules = AlertRule.objects.filter(enabled=True)
    channel = Exists(Channel.objects.filter(enabled=True))
    found = rules.annotate(channel=channel).values_list("channel", flat=True).first()
    return found is not None, bool(found)


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
        **_on_pages(request, row),
    }
    return render(request, "lifecycle/alerts/alert_detail.html", context)


def _on_pages(request: HttpRequest, row: Episode) -> dict[str, Any]:
    """Where strangers could be told of it, and what they were told, for those who may tell them."""
    if row.service is None or not frame_of(request).can_operate:
        return {}
    return {"status_pages": status_pages.showing(row.service), "told": status_pages.told_of(row)}


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
    if listing_views.is_asked(request):
        return listing_views.fragment(request)
    if is_htmx(request):
        return render(request, "lifecycle/alerts/_alert_list.html", page.context(request.GET.dict()))
    return redirect("alert_list")
