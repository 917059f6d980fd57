"""Who may listen: a browser with a session, on a page of this site."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host

from lifecycle.live.together import Together

ASKED_AT_ONCE = 50


def session_key(scope: dict[str, Any]) -> str:
    """The session that the browser's cookie names; empty without one."""
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin1")
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")


def signed_in(key: str) -> bool:
    """Whether the session's user is signed in and active: what every page checks, password changes too."""
    if not key:
        return False
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user.is_authenticated and user.is_active


async def admitted(key: str) -> bool:
    """The same, asked from the event loop; those who come together share one database connection."""
    return await _door.ask(key)


def _signed_in_each(keys: Sequence[str]) -> dict[str, bool]:
    return {key: signed_in(key) for key in keys}


_door: Together[str, bool] = Together(database_sync_to_async(_signed_in_each), ASKED_AT_ONCE)


def same_origin(scope: dict[str, Any]) -> bool:
    """Whether a page of this very host and port asks; cookies do not tell ports apart, so both count."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin1")
    origin = headers.get(b"origin", b"").decode("latin1")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    return origin == settings.PUBLIC_URL or (_is_web(origin) and urlsplit(origin).netloc == host)


def _is_web(origin: str) -> bool:
    return origin.startswith(("http://", "https://"))
