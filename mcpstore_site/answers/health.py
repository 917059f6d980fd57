"""Is the console itself alive, and is it ready to be relied on?"""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lifecycle.core.timing.shares import LEASES
from lifecycle.engine.leases import leases
from lifecycle.models import WorkerSeen
from registry.access.roles import open_to_all
from registry.installation import trouble

SILENT_AFTER = timedelta(seconds=30)


@open_to_all
@require_safe
@never_cache
async def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked, and no queue is waited in."""
    return JsonResponse({"status": "ok"})


@open_to_all
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and workers have all services, else 503 and what is missing."""
    try:
        checks = {"database": "ok", "worker": _workers()}
    except DatabaseError as exc:
        found = trouble.of(exc)
        checks = {"database": found.what if found else "does not answer", "worker": "unknown"}
    ready = all(value == "ok" for value in checks.values())
    return JsonResponse({"status": "ok" if ready else "not ready", **checks}, status=200 if ready else 503)


def _workers() -> str:
    """Is it ok, or what is wrong: none was seen within 30 s, or some services are nobody's for the moment."""
    seen = WorkerSeen.objects.filter(stopped_at=None, seen_at__gt=timezone.now() - SILENT_AFTER)
    if not seen.exists():
        return "not seen for 30 s"
    missing = leases.unheld() if connection.vendor == "postgresql" else 0
    return f"{missing} of {LEASES} leases are held by none" if missing else "ok"
