"""Headers by which browsers guard an answer: on pages, REST, files and errors; fewer on static files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from inspect import iscoroutinefunction
from typing import Any, cast

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], Any]
UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
"""What no page asks a browser for, so no script may."""
PARTS = ("text/css", "text/javascript")
OF_PARTS = ("Cache-Control", "Cross-Origin-Resource-Policy", "X-Content-Type-Options")
"""The others tell a browser what a page may do: half a kilobyte that a part of one has no use for."""


@cache
def fixed() -> dict[str, str]:
    """By name what each answer carries that does not say otherwise itself."""
    return {
        "Content-Security-Policy": build_policy(),
        "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
        "Cache-Control": "no-store",  # static files say themselves how long they may be kept
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
    }


def lines() -> Iterator[str]:
    """As they stand in an answer that is written by hand."""
    return (f"{name}: {value}" for name, value in fixed().items())


def put(response: HttpResponseBase) -> HttpResponseBase:
    """The answer with all of them; a stylesheet or a script, which is no page, only with those about it."""
    is_part = response.headers.get("Content-Type", "").partition(";")[0] in PARTS
    for name, value in fixed().items():
        if not is_part or name in OF_PARTS:
            response.headers.setdefault(name, value)
    return response


@sync_and_async_middleware
def guarded(get_response: Answer) -> Answer:
    """Middleware, before the one of static files."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return put(await ask(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return put(get_response(request))

    return answer
