"""The page of deliveries: every message, its attempts and the receivers' answers."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.alerts.outbox import queue
from lifecycle.alerts.presenter import DELIVERY_STATES, delivery_row
from lifecycle.models import Channel, Delivery
from lifecycle.pages.answers import is_htmx, refused
from registry.access import audit
from registry.access.roles import require
from registry.models import Role
from registry.models.limits import current

PAGE_SIZE = 50


@require(Role.VIEWER)
@require_safe
def delivery_list(request: HttpRequest) -> HttpResponse:
    """The newest first, narrowed by state, channel and episode, in pages."""
    narrowed = _filters(request)
    found = Delivery.objects.select_related("channel").prefetch_related("tries").order_by("-pk")
    for key in ("state", "channel", "episode"):
        if key in narrowed:
            found = found.filter(**{key: narrowed[key]})
    if "episode" not in narrowed and not current():  # a message for many is shown to those who see all
        found = found.filter(Q(group=None) | Q(state=Delivery.State.SUPERSEDED))
    if "before" in narrowed:
        found = found.filter(pk__lt=narrowed["before"])
    rows, now = list(found[: PAGE_SIZE + 1]), timezone.now()
    context = {
        "rows": [delivery_row(row, now) for row in rows[:PAGE_SIZE]],
        "filters": narrowed,
        "older": _address(narrowed, before=rows[PAGE_SIZE - 1].pk) if len(rows) > PAGE_SIZE else "",
        "here": _address(narrowed),
        "states": [(state, words[0]) for state, words in DELIVERY_STATES.items()],
        "channels": Channel.objects.order_by("name"),
    }
    template = (
        "lifecycle/alerts/_delivery_list.html" if is_htmx(request) else "lifecycle/alerts/delivery_list.html"
    )
    return render(request, template, context)


def _filters(request: HttpRequest) -> dict[str, str | int]:
    """What the address says; anything that is not known is left out."""
    found: dict[str, str | int] = {}
    state = request.GET.get("state", "")
    if state in DELIVERY_STATES:
        found["state"] = state
    for key in ("channel", "episode", "before"):
        value = request.GET.get(key, "")
        if value.isascii() and value.isdigit() and len(value) < 19:
            found[key] = int(value)
    return found


def _address(narrowed: dict[str, str | int], **more: int) -> str:
    return f"?{urlencode({**narrowed, **more})}"


@require(Role.VIEWER)
@require_safe
def delivery_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One message with every alert in it, in pages; a member leads to the message it left in."""
    row = get_object_or_404(Delivery.objects.select_related("channel").prefetch_related("tries"), pk=pk)
    left = row.group_id is not None and row.state != Delivery.State.SUPERSEDED
    if left and Delivery.objects.filter(members=row).exists():
        return redirect("delivery_detail", pk=row.group_id)
    members = row.members.select_related("episode__rule", "episode__service").order_by("pk")
    page = Paginator(members, PAGE_SIZE).get_page(request.GET.get("page"))
    now = timezone.now()
    context = {
        "item": delivery_row(row, now),
        "data": row.payload.get("data", {}),
        "page": page,
        "members": [delivery_row(member, now) for member in page],
    }
    return render(request, "lifecycle/alerts/delivery_detail.html", context)


@require(Role.OPERATOR)
@require_POST
def delivery_replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a dead message again, for another day, under its old id."""
    delivery, now = get_object_or_404(Delivery, pk=pk), timezone.now()
    back = redirect("delivery_list")
    with transaction.atomic():
        queued = queue.replay(delivery, now)
        if queued:
            audit.note(request.user.get_username(), "delivery.replay", str(delivery.message_id), now=now)
    if not queued:
        return refused(request, _("This message needs no retry: it was delivered or is being sent."), back)
    if is_htmx(request):
        delivery.refresh_from_db()
        return render(request, "lifecycle/alerts/_delivery_row.html", {"item": delivery_row(delivery, now)})
    messages.success(request, _("The message is being sent again."))
    return back
