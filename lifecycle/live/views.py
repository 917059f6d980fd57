"""Polling instead of the live socket, for browsers whose WebSocket is blocked."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.live.visible import visible
from lifecycle.pages import humanize
from registry.access.roles import open_to_all
from registry.core.plain_text import neutral


@open_to_all
@require_GET
@never_cache
def live_poll(request: HttpRequest) -> JsonResponse:
    """What changed of the shown fragments since `after`; without it, all of them. 401 when signed out."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": {"code": "signed_out", "message": "Sign in again."}}, status=401)
    now, last = timezone.now(), feed.place()
    after = request.GET.get("after", "")
    items = feed.since(int(after), now) if after.isdecimal() and len(after) < 19 else None
    shown = fragments.known(request.GET.get("show", "").split(","))
    made = fragments.render(shown if items is None else fragments.touched(visible(items), shown))
    events = sorted(name for name, html in made.items() if not html)
    html = [neutral(made[name]) for name in sorted(made) if made[name]]
    return JsonResponse({"id": last, "now": humanize.iso(now), "html": html, "events": events})
