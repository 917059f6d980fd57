"""Pages of silences: list, form, end; and the snooze of one alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.alerts.episodes.listing import views as notice_views
from lifecycle.alerts.presenter import Moment, moment
from lifecycle.alerts.silences import operations
from lifecycle.alerts.silences.forms import SilenceForm, initial_of, words
from lifecycle.models import AlertRule, Episode, Silence
from lifecycle.pages import humanize
from lifecycle.pages.answers import is_htmx, refused
from registry.access.roles import require
from registry.errors import InvalidConfigError
from registry.models import Role
from registry.models.limits import current

PAST_SHOWN, PAST_FOR = 50, timedelta(days=30)
SNOOZES = (15, 60, 240, 1440)


@dataclass(frozen=True, kw_only=True)
class SilenceRow:
    """One line of the list."""

    row: Silence
    about: str
    begins: Moment
    ends: Moment


@require(Role.VIEWER, unscoped=True)
@require_safe
def silence_list(request: HttpRequest) -> HttpResponse:
    """Those under way, those to come, and the last that are over."""
    now = timezone.now()
    rules = dict(AlertRule.objects.values_list("pk", "name"))
    live = Silence.objects.filter(ends_at__gt=now).order_by("starts_at")
    past = Silence.objects.filter(ends_at__lte=now, ends_at__gt=now - PAST_FOR).order_by("-ends_at")
    context = {
        "active": [_row(row, rules, now) for row in live if row.starts_at <= now],
        "planned": [_row(row, rules, now) for row in live if row.starts_at > now],
        "past": [_row(row, rules, now) for row in past[:PAST_SHOWN]],
    }
    return render(request, "lifecycle/alerts/silence_list.html", context)


def _row(row: Silence, rules: dict[int, str], now: datetime) -> SilenceRow:
    named = [rules.get(key, _("a deleted rule")) for key in row.rules]
    return SilenceRow(
        row=row,
        about=words(row.services, row.tags, named),
        begins=moment(row.starts_at, now),
        ends=moment(row.ends_at, now),
    )


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def silence_add(request: HttpRequest) -> HttpResponse:
    """A new silence; the address may name services, for the button on a service's page."""
    initial = {"services": request.GET.get("service", ""), "tags": request.GET.get("tag", "")}
    return _form(request, None, initial)


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def silence_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one that is not over."""
    row = get_object_or_404(Silence, pk=pk)
    return _form(request, row, initial_of(row))


def _form(request: HttpRequest, row: Silence | None, initial: dict[str, Any]) -> HttpResponse:
    form = SilenceForm(request.POST if request.method == "POST" else None, initial=initial)
    now, who = timezone.now(), request.user.get_username()
    if request.method == "POST" and form.is_valid():
        try:
            if row is None:
                operations.add(form.values(now), by=who, now=now)
            else:
                operations.change(row, form.values(now), by=who, now=now)
        except InvalidConfigError as exc:
            form.add_error(None, str(exc))
        else:
            messages.success(request, _("Silence saved."))
            return redirect("silence_list")
    status = 422 if form.errors else 200
    return render(
        request, "lifecycle/alerts/silence_form.html", {"form": form, "silence": row}, status=status
    )


@require(Role.OPERATOR, unscoped=True)
@require_POST
def silence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Over now; what still fires and was not told is told."""
    row = get_object_or_404(Silence, pk=pk)
    if not operations.end(row, by=request.user.get_username(), now=timezone.now()):
        return refused(request, _("This silence has already ended."), redirect("silence_list"))
    messages.success(request, _("Silence ended."))
    if is_htmx(request):  # from a message that offers to undo it
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect("silence_list")


@require(Role.OPERATOR)
@require_POST
def alert_snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Not told for a while: this rule, of this service."""
    row = get_object_or_404(Episode.objects.select_related("service", "rule"), pk=pk)
    given = request.POST.get("minutes", "60")
    minutes = int(given) if given in map(str, SNOOZES) else 60
    back = redirect("alert_detail", pk=pk)
    if row.state == Episode.State.RESOLVED:
        return refused(request, _("This alert has ended."), back)
    silence = operations.snooze(row, minutes, by=request.user.get_username(), now=timezone.now())
    if notice_views.is_asked(request):
        return notice_views.fragment(request)
    text = _("Snoozed for %(span)s.") % {"span": humanize.lasting(timedelta(minutes=minutes))}
    if not current():  # who sees some services alone ends no silence
        undo = {"text": text, "url": reverse("silence_end", args=[silence.pk])}
        text = render_to_string("_undo.html", undo, request)
    messages.success(request, text)
    if is_htmx(request):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return back
