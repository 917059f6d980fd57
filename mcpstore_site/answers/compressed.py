"""Pages and REST go out compressed, where the client takes it; static files lie there compressed."""

from __future__ import annotations

import secrets

import brotli
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

SMALL = 200
QUALITY = 5
"""As many milliseconds as gzip (half of one for the largest page), and a seventh less to send."""
PADDING = 400
WHITE = bytes(b" \n\t\r"[number % 4] for number in range(256))


class Compressed(GZipMiddleware):
    """Django's gzip, and brotli for pages.

    Both pad by chance, so that a length tells nothing of what is inside (BREACH). What is streamed goes as
    it is: Django 5.2 makes a gzip file of each part of an asynchronous one, and httpx reads but the first.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not isinstance(response, HttpResponse):
            return response
        is_page = response.get("Content-Type", "").startswith("text/html")
        if not is_page or not _takes_brotli(request) or response.has_header("Content-Encoding"):
            return super().process_response(request, response)
        if len(response.content) >= SMALL:
            response.content = brotli.compress(_padded(response.content), quality=QUALITY)
            response["Content-Encoding"] = "br"
            response["Content-Length"] = str(len(response.content))
            patch_vary_headers(response, ("Accept-Encoding",))
        return response


def _takes_brotli(request: HttpRequest) -> bool:
    """Browsers do over https, and from this very machine."""
    said = request.headers.get("Accept-Encoding", "").replace(" ", "").lower()
    return "br" in said.split(",")


def _padded(content: bytes) -> bytes:
    """Up to a hundred bytes longer once it is compressed, and the same to a browser."""
    return content + secrets.token_bytes(secrets.randbelow(PADDING)).translate(WHITE)
