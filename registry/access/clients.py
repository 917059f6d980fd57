"""The client's address behind trusted proxies, and browsers that have signed in before."""

from __future__ import annotations

import logging
import secrets
from functools import lru_cache
from ipaddress import ip_network

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from registry.core import forwarded
from registry.core.entries.addresses import Network

logger = logging.getLogger("mcpstore.signin")
SALT = "browsers that have signed in"
KNOWN_FOR = 180 * 24 * 3600
NAMES_AT_MOST = 5
UNTRUSTED = (
    "Requests come through a proxy at %s, which MCPSTORE_TRUSTED_PROXIES does not name: everybody behind it "
    "shares one address, and one limit of wrong passwords."
)
_warned: set[str] = set()


def address(request: HttpRequest) -> str:
    """The client's address; what a request says of it counts only where a trusted proxy wrote it."""
    peer = request.META.get("REMOTE_ADDR") or ""
    told = request.headers.get("X-Forwarded-For", ""), request.headers.get("Forwarded", "")
    found = forwarded.client(peer, *told, _trusted(tuple(settings.TRUSTED_PROXIES)))
    if any(told) and found == peer and not settings.TRUSTED_PROXIES and peer not in _warned:
        _warned.add(peer)
        logger.warning(UNTRUSTED, peer)
    return found


def is_proxy(peer: str) -> bool:
    """Whether this is a proxy that is believed."""
    return forwarded.is_within(peer, _trusted(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=4)
def _trusted(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(map(ip_network, networks))


def cookie() -> str:
    """The name of the cookie by which a browser is known again."""
    return f"{settings.COOKIE_PREFIX}browser"


def known(request: HttpRequest) -> dict[str, str]:
    """By digest of a name that has signed in from this browser, a number of it."""
    try:
        found = signing.loads(request.COOKIES.get(cookie(), ""), salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return {}
    return {str(name): str(number) for name, number in found.items()}


def remember(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """Know this browser again: a stranger's wrong passwords are not counted against it."""
    before = {key: number for key, number in known(request).items() if key != name}
    fresh = {**dict(list(before.items())[1 - NAMES_AT_MOST :]), name: secrets.token_hex(8)}
    response.set_cookie(
        cookie(),
        signing.dumps(fresh, salt=SALT),
        max_age=KNOWN_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
