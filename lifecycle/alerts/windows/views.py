"""Pages of maintenance windows: list with what is planned, form, early end, removal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.alerts.silences.forms import words
from lifecycle.alerts.windows import operations
from lifecycle.alerts.windows.forms import REPEATS, WindowForm, initial_of
from lifecycle.models import MaintenancePeriod, MaintenanceWindow
from lifecycle.pages import humanize
from lifecycle.pages.answers import refused
from registry.access.roles import require
from registry.errors import InvalidConfigError
from registry.models import Role

PLANNED_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """One line of the list."""

    row: MaintenanceWindow
    about: str
    repeats: str
    under_way: str
    planned: list[str]


@require(Role.VIEWER, unscoped=True)
@require_safe
def window_list(request: HttpRequest) -> HttpResponse:
    """All windows, each with the period under way and the next ones."""
    now = timezone.now()
    rows = [_row(row, now) for row in MaintenanceWindow.objects.order_by("name")]
    return render(request, "lifecycle/alerts/window_list.html", {"windows": rows})


def _row(row: MaintenanceWindow, now: datetime) -> WindowRow:
    periods = list(row.periods.filter(ended_at__gt=now).order_by("began_at")[: PLANNED_SHOWN + 1])
    live = [period for period in periods if period.began_at <= now]
    return WindowRow(
        row=row,
        about=words(row.services, row.tags),
        repeats=str(dict(REPEATS).get(row.rule, row.rule)),
        under_way=humanize.local(live[0].ended_at) if live else "",
        planned=[_period(one) for one in periods if one.began_at > now][:PLANNED_SHOWN],
    )


def _period(period: MaintenancePeriod) -> str:
    return f"{humanize.local(period.began_at)} – {humanize.local(period.ended_at)}"


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def window_add(request: HttpRequest) -> HttpResponse:
    """A new window."""
    return _form(request, None)


@require(Role.OPERATOR, unscoped=True)
@require_http_methods(["GET", "HEAD", "POST"])
def window_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one; what is planned of it is planned anew."""
    return _form(request, get_object_or_404(MaintenanceWindow, pk=pk))


def _form(request: HttpRequest, row: MaintenanceWindow | None) -> HttpResponse:
    form = WindowForm(request.POST if request.method == "POST" else None, initial=initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            operations.save(row, form.values(), by=request.user.get_username(), now=timezone.now())
        except InvalidConfigError as exc:
            form.add_error(None, str(exc))
        else:
            messages.success(request, _("Maintenance window saved."))
            return redirect("window_list")
    status = 422 if form.errors else 200
    return render(request, "lifecycle/alerts/window_form.html", {"form": form, "window": row}, status=status)


@require(Role.OPERATOR, unscoped=True)
@require_POST
def window_end(request: HttpRequest, pk: int) -> HttpResponse:
    """The period under way is over now."""
    row = get_object_or_404(MaintenanceWindow, pk=pk)
    if not operations.end_now(row, by=request.user.get_username(), now=timezone.now()):
        return refused(request, _("This window is not in progress."), redirect("window_list"))
    messages.success(request, _("Maintenance ended."))
    return redirect("window_list")


@require(Role.OPERATOR, unscoped=True)
@require_POST
def window_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """With all that is planned of it."""
    row = get_object_or_404(MaintenanceWindow, pk=pk)
    operations.remove(row, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Maintenance window deleted."))
    return redirect("window_list")
