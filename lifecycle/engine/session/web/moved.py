"""Redirects within the origin of a server: followed once, and gone to directly from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import httpx2

from lifecycle.core.answers import redirects

GONE = frozenset({404, 405, 410})


class Moves:
    """What one client has learnt of its addresses; the end of the connection forgets it.

    The SDK follows such redirects too, but anew for each request, and leaves one that cannot be sent again.
    """

    def __init__(self, on_moved: Callable[[str], None]) -> None:
        self._on_moved = on_moved
        self._known: dict[str, httpx2.URL] = {}

    @property
    def any(self) -> bool:
        """Whether it was led elsewhere."""
        return bool(self._known)

    async def send(
        self, inner: httpx2.AsyncBaseTransport, request: httpx2.Request
    ) -> tuple[httpx2.Request, httpx2.Response]:
        """The last request of the way, and its answer."""
        asked = request
        if self._known and (known := self._known.get(str(request.url))):
            request = await _again(request, known)
        return await self.follow(inner, request, await inner.handle_async_request(request), asked)

    async def follow(
        self,
        inner: httpx2.AsyncBaseTransport,
        request: httpx2.Request,
        response: httpx2.Response,
        asked: httpx2.Request | None = None,
    ) -> tuple[httpx2.Request, httpx2.Response]:
        """The same of a request that was sent: *asked* is the first of the way, if it is another."""
        asked = asked or request
        for _ in range(redirects.MOST):
            if (target := _target(request, response)) is None:
                break
            await response.aclose()
            request = await _again(request, httpx2.URL(target))
            response = await inner.handle_async_request(request)
        if request is not asked:
            self._learn(str(asked.url), request, response.status_code)
        return request, response

    def _learn(self, asked: str, request: httpx2.Request, status: int) -> None:
        if status in GONE:
            self._known.pop(asked, None)
        elif status < 300 and asked not in self._known:
            self._known[asked] = request.url
            self._on_moved(redirects.path_of(str(request.url)))


def _target(request: httpx2.Request, response: httpx2.Response) -> str | None:
    if not 300 <= response.status_code < 400:
        return None
    location = response.headers.get("location", "")
    return redirects.following(request.method, str(request.url), response.status_code, location)


async def _again(request: httpx2.Request, url: httpx2.URL) -> httpx2.Request:
    """The same request at another address of the same origin."""
    stream = cast(httpx2.AsyncByteStream, request.stream)
    content = b"".join([chunk async for chunk in stream])
    return httpx2.Request(
        request.method, url, headers=request.headers, content=content, extensions=request.extensions
    )
