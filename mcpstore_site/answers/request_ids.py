"""A name for each request, in the answer's `X-Request-ID`, in each line of the log and on error pages.

A proxy that MCPSTORE_TRUSTED_PROXIES names may give it; what anybody else sends, or what could be mistaken in
a log for something else, is replaced.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

import structlog
from django import template
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from registry.access import clients

Answer = Callable[[HttpRequest], Any]
HEADER = "X-Request-ID"
KEY = "request_id"
VALID = re.compile(r"[A-Za-z0-9._:/+=@-]{8,128}")
"""UUIDs, ULIDs, and what the usual proxies make."""
register = template.Library()
"""Makes `{% request_id %}` a part of every template; see TEMPLATES in the settings."""


def begin(peer: str, given: str) -> str:
    """The name of a request from *peer*, from now on in all that this context logs."""
    good = bool(VALID.fullmatch(given)) and clients.is_proxy(peer)
    name = given if good else uuid.uuid4().hex
    structlog.contextvars.bind_contextvars(**{KEY: name})
    return name


def of_scope(scope: Any) -> str:
    """The same for a request that comes no further than ASGI."""
    given = dict(scope["headers"]).get(HEADER.lower().encode(), b"")
    return begin((scope.get("client") or ("",))[0], given.decode("latin-1"))


@register.simple_tag(name=KEY)
def current() -> str:
    """Of the request that is being answered; outside of one it is empty."""
    return str(structlog.contextvars.get_contextvars().get(KEY, ""))


@sync_and_async_middleware
def named(get_response: Answer) -> Answer:
    """Middleware, the first of all. It does not take the name away again: Django logs after it."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            name = _begin(request)
            return _told(await ask(request), name)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        name = _begin(request)
        return _told(get_response(request), name)

    return answer


def _begin(request: HttpRequest) -> str:
    return begin(request.META.get("REMOTE_ADDR") or "", request.headers.get(HEADER, ""))


def _told(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response[HEADER] = name
    return response
