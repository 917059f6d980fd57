"""A page instead of nothing where a browser comes to an address that only takes what a form sends.

Whoever sends a form too late and has to sign in first is led there afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def no_dead_ends(get_response: Answer) -> Answer:
    """Middleware: a refused GET of a page has words and a way on; its status stays."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            answer = await ask(request)
            return await sync_to_async(_page)(request, answer) if _dead_end(request, answer) else answer

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        given: HttpResponseBase = get_response(request)
        return _page(request, given) if _dead_end(request, given) else given

    return answer


def _dead_end(request: HttpRequest, answer: HttpResponseBase) -> bool:
    return answer.status_code == 405 and request.method == "GET" and not request.path.startswith("/api/")


def _page(request: HttpRequest, refused: HttpResponseBase) -> HttpResponse:
    page = render(request, "405.html", status=405)
    page["Allow"] = refused["Allow"]
    return page
