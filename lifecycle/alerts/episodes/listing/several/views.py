"""One press for many alerts, from the page of alerts and from the bell."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from lifecycle.alerts.episodes import operations
from lifecycle.alerts.episodes.listing import page
from lifecycle.alerts.episodes.listing import views as listing_views
from lifecycle.alerts.episodes.listing.several import choice
from lifecycle.alerts.silences import operations as silences
from lifecycle.models import Episode
from lifecycle.pages.answers import is_htmx
from registry.access.roles import require
from registry.models import Role

SNOOZED_FOR = 60


@require(Role.OPERATOR)
@require_POST
def alerts_act(request: HttpRequest) -> HttpResponse:
    """Several acknowledged, or snoozed; those that ended or were acknowledged meanwhile are left alone."""
    now, who = timezone.now(), request.user.get_username()
    chosen = choice.read(request.POST, now)
    act = _snooze if request.POST.get("act") == "snooze" else _acknowledge
    done, said = act(chosen.rows, who, now)
    text = _with_left(said, chosen.asked - done) if done else _("None of them is firing any more.")
    level = messages.SUCCESS if done else messages.WARNING
    if listing_views.is_asked(request):
        return listing_views.fragment(request, text)
    if not is_htmx(request):
        messages.add_message(request, level, text)
        return redirect("alert_list")
    context = {"text": text, "level": messages.DEFAULT_TAGS[level], **page.context(request.GET.dict())}
    answer = render(request, "lifecycle/alerts/_several.html", context)
    if "cause" not in request.POST:
        answer["HX-Trigger"] = "picked"
    return answer


def _acknowledge(rows: QuerySet[Episode], who: str, now: datetime) -> tuple[int, str]:
    done = len(operations.acknowledge_all(rows, by=who, now=now))
    return done, ngettext("%(n)d alert acknowledged.", "%(n)d alerts acknowledged.", done) % {"n": done}


def _snooze(rows: QuerySet[Episode], who: str, now: datetime) -> tuple[int, str]:
    found = list(rows.select_related("service"))
    silences.snooze_all(found, SNOOZED_FOR, by=who, now=now)
    done = len(found)
    return done, ngettext("%(n)d alert snoozed for 1 h.", "%(n)d alerts snoozed for 1 h.", done) % {"n": done}


def _with_left(said: str, count: int) -> str:
    if count <= 0:
        return said
    left = ngettext(
        "%(n)d was left alone: it no longer fires, or somebody else acknowledged it.",
        "%(n)d were left alone: they no longer fire, or somebody else acknowledged them.",
        count,
    )
    return _("%(done)s %(left)s") % {"done": said, "left": left % {"n": count}}
