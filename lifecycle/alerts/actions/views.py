"""The small page that a link in a message opens. Looking at it does nothing: mail scanners look at links."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from lifecycle.alerts.actions import operations
from lifecycle.alerts.actions.operations import MEANING, WORDS, LinkError, Offer
from registry.access.roles import open_to_all
from registry.models.limits import unlimited

TEMPLATE = "lifecycle/alerts/alert_act.html"


@open_to_all
@csrf_exempt  # who may act is in the address alone; no cookie is asked for
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alert_act(request: HttpRequest, token: str) -> HttpResponse:
    """What the link would do, and after the button was pressed, what it did."""
    now = timezone.now()
    with unlimited():  # the link itself says what may be seen, whoever is signed in
        try:
            offer = operations.find(token, now)
            done = operations.act(offer, now) if request.method == "POST" else ""
        except LinkError as exc:
            return render(request, TEMPLATE, {"why": exc.why}, status=exc.status)
        return render(request, TEMPLATE, {**_context(offer), "done": done})


def _context(offer: Offer) -> dict[str, object]:
    row, action = offer.row, offer.link.action
    return {
        "row": row,
        "service": row.service.name if row.service else "",
        "word": WORDS[action],
        "meaning": MEANING[action],
        "channel": offer.channel.name,
    }
