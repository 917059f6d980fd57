"""Each answer in the language and time zone of whoever asks: as chosen, else as the browser says.

Where neither names a language that the console speaks, it is that of MCPSTORE_LANGUAGE, in which also mails,
alerts and the terminal are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

from registry.installation import zones

Answer = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def spoken(get_response: Answer) -> Answer:
    """Middleware; as Django's own, but the thread speaks afterwards what it spoke before."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            language = _language(request)
            with translation.override(language), zones.within(_zone(request)):
                return _marked(await ask(request), language)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        language = _language(request)
        with translation.override(language), zones.within(_zone(request)):
            return _marked(get_response(request), language)

    return answer


def _language(request: HttpRequest) -> str:
    language = translation.get_language_from_request(request)
    request.LANGUAGE_CODE = language
    return language


def _zone(request: HttpRequest) -> str:
    return request.COOKIES.get(zones.COOKIE, "")


def _marked(answer: HttpResponseBase, language: str) -> HttpResponseBase:
    """Said to caches, of which some keep what they should not."""
    patch_vary_headers(answer, ("Accept-Language", "Cookie"))
    answer.headers.setdefault("Content-Language", language)
    return answer
