"""`GET /metrics`: for whoever asks from this machine, or has a token."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.monitoring.prometheus import exposition
from registry.access import clients, tokens
from registry.access.roles import open_to_all
from registry.access.scope.limits import came_by_token

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "Via")
REFUSED = "Send an API token as `Authorization: Bearer TOKEN`, or ask from the console's own machine.\n"


@open_to_all
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, or OpenMetrics where the Accept header asks for it."""
    if not _may(request):
        answer = HttpResponse(REFUSED, status=401, content_type="text/plain; charset=utf-8")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    body, content_type = exposition.text(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)


def _may(request: HttpRequest) -> bool:
    """A token decides where one is sent; every role may look."""
    if "Authorization" not in request.headers:
        return _from_here(request)
    scheme, _, token = request.headers["Authorization"].partition(" ")
    found = tokens.find(token.strip(), timezone.now()) if scheme.lower() == "bearer" else None
    if found is not None:
        came_by_token(request, found)
    return found is not None


def _from_here(request: HttpRequest) -> bool:
    """Whether the client is this machine; behind a trusted proxy its own address counts, not the proxy's."""
    peer = request.META.get("REMOTE_ADDR") or ""
    if clients.is_proxy(peer):
        address = clients.address(request)
        return _is_loopback(address) and not clients.is_proxy(address)
    return _is_loopback(peer) and not any(header in request.headers for header in FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
