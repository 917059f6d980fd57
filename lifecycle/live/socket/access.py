"""Who may open a live socket: a browser with a session, on a page of this site."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from lifecycle.live.hub.together import Together
from registry.access.scope.limits import limits_of
from registry.core.scope import Limits
from registry.installation import zones

ASKED_AT_ONCE = 50


def session_key(scope: dict[str, Any]) -> str:
    """The session that the browser's cookie names; empty without one."""
    return _cookie(scope, settings.SESSION_COOKIE_NAME)


def _cookie(scope: dict[str, Any], name: str) -> str:
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin1")
    return parse_cookie(cookies).get(name, "")


def zone_of(scope: dict[str, Any]) -> str:
    """The time zone that the browser's person chose; empty for that of the console."""
    name = _cookie(scope, zones.COOKIE)
    return name if zones.known(name) else ""


def language_of(scope: dict[str, Any]) -> str:
    """The language that the page is in, as its address of the socket says; else that of the console."""
    said = parse_qs(scope["query_string"].decode("latin1")).get("language", [""])[0]
    return said if said in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def signed_in(keys: Collection[str]) -> dict[str, Limits]:
    """Those of the sessions whose user is signed in and active, with the limits of what they see.

    It is what every page checks, password changes too. Two queries, however many there are.
    """
    rows = Session.objects.filter(session_key__in=set(keys) - {""}, expire_date__gt=timezone.now())
    found = {row.session_key: row.get_decoded() for row in rows}
    ids = {str(data[SESSION_KEY]) for data in found.values() if SESSION_KEY in data}
    users = {str(user.pk): user for user in _people(ids)}
    return {
        key: limits_of(user)
        for key, data in found.items()
        if (user := users.get(str(data.get(SESSION_KEY)))) and _same_password(user, data)
    }


def _people(ids: Collection[str]) -> QuerySet[User]:
    return User.objects.filter(pk__in=ids, is_active=True).select_related("membership")


def _same_password(user: User, data: Mapping[str, Any]) -> bool:
    return constant_time_compare(str(data.get(HASH_SESSION_KEY, "")), user.get_session_auth_hash())


async def admitted(key: str) -> Limits | None:
    """The same of one, asked from the event loop; those who come together share one database connection."""
    return await _door.ask(key)


def _signed_in_each(keys: Sequence[str]) -> dict[str, Limits | None]:
    good = signed_in(keys)
    return {key: good.get(key) for key in keys}


_door: Together[str, Limits | None] = Together(database_sync_to_async(_signed_in_each), ASKED_AT_ONCE)


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
