"""What all answers have in common: no characters that mislead, an end to idle sessions."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from registry.access import last_use
from registry.access.sessions import queries
from registry.access.sessions.queries import SEEN
from registry.core.plain_text import neutral

Answer = Callable[[HttpRequest], Any]
READ_BY_PEOPLE = ("text/html", "text/plain")


@sync_and_async_middleware
def guarded(get_response: Answer) -> Answer:
    """Middleware for every page, fragment and REST answer; static files come before it."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            given = _finished(request, await ask(request))
            if _noticed(request):
                await sync_to_async(_keep_awake)(request, given)
            return given

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        given = _finished(request, get_response(request))
        if _noticed(request):
            _keep_awake(request, given)
        return given

    return answer


def _finished(request: HttpRequest, given: HttpResponseBase) -> HttpResponseBase:
    if isinstance(given, HttpResponse) and given.get("Content-Type", "").startswith(READ_BY_PEOPLE):
        _neutralise(given)
    return given


def _neutralise(given: HttpResponse) -> None:
    text = given.content.decode(given.charset, "replace")
    if (plain := neutral(text)) != text:
        given.content = plain.encode(given.charset)


def _noticed(request: HttpRequest) -> bool:
    """Whether to note that a person is there; what a page asks for by itself does not count."""
    session = getattr(request, "session", None)
    by_itself = request.method == "GET" and (
        "HX-Request" in request.headers or request.path.startswith("/api/")
    )
    # One that was not read belongs to nobody who is signed in, and reading it here would ask the database.
    if session is None or by_itself or not session.accessed or SESSION_KEY not in session:
        return False
    away = abs(int(time.time()) - int(session.get(SEEN, 0)))
    return away >= min(60, settings.SESSION_COOKIE_AGE // 20)


def _keep_awake(request: HttpRequest, given: HttpResponseBase) -> None:
    """A session ends when its person is away for long. If it cannot be noted at once, a later page does.

    However much it is used, it has a last hour.
    """
    session, now = cast("SessionStore", request.session), int(time.time())
    last = queries.last_hour(session)
    if last is not None and last < session.get_expiry_date():
        session.set_expiry(last)
    if session.modified:  # it is about to be saved anyway
        session[SEEN] = now
        return
    row = session.create_model_instance({**dict(session.items()), SEEN: now})
    kept = Session.objects.filter(pk=row.pk)
    if last_use.note(lambda: kept.update(session_data=row.session_data, expire_date=row.expire_date)):
        _renew_cookie(session, given)


def _renew_cookie(session: SessionStore, given: HttpResponseBase) -> None:
    """As Django sets it where it saves the session."""
    given.set_cookie(
        settings.SESSION_COOKIE_NAME,
        session.session_key or "",
        max_age=session.get_expiry_age(),
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
