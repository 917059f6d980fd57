"""Answers made while they are sent, in constant memory: a thread makes each part as it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse

from registry.core.scope import Limits
from registry.models.limits import current, within

PART = 64 * 1024
AT_ONCE = 4
Make = Callable[[], Iterator[str]]
_places = BoundedSemaphore(AT_ONCE)


class BusyError(Exception):
    """As many answers are being made as may be at once."""


class _Place:
    """One of the places, given back once: at the end of the content, or of an answer that nobody read.

    Where nobody closes an answer either, it goes with it.
    """

    def __init__(self) -> None:
        self._mine = _places.acquire(blocking=False)
        if not self._mine:
            raise BusyError

    def __del__(self) -> None:
        self.leave()

    def leave(self) -> None:
        if self._mine:
            self._mine = False
            _places.release()


class _Streamed(StreamingHttpResponse):
    def __init__(self, place: _Place, *args: Any, **kwargs: Any) -> None:
        self._place = place
        super().__init__(*args, **kwargs)

    def close(self) -> None:
        super().close()
        self._place.leave()


def answer(request: HttpRequest, make: Make, content_type: str, filename: str) -> StreamingHttpResponse:
    """A file to download, made of the texts that *make* gives; BusyError where too many are under way."""
    place, make = _Place(), partial(_seen_by, make, current())
    content: Iterator[bytes] | AsyncIterator[bytes]
    content = _in_a_thread(make, place) if isinstance(request, ASGIRequest) else _here(make, place)
    given = _Streamed(place, content, content_type=content_type)
    given["Content-Disposition"] = f'attachment; filename="{filename}"'
    return given


def _seen_by(make: Make, limits: Limits) -> Iterator[str]:
    """What is made later, and elsewhere, is made within the limits of whoever asked for it."""
    with within(limits):
        texts = make()
    while True:
        with within(limits):
            text = next(texts, None)
        if text is None:
            return
        yield text


async def _in_a_thread(make: Make, place: _Place) -> AsyncIterator[bytes]:
    """One thread of its own, with its own database connection; both end when nobody reads on."""
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "stream")
    texts = make()
    try:
        while part := await loop.run_in_executor(thread, _part, texts):
            yield part
    finally:
        thread.submit(_end, texts, place)
        thread.shutdown(wait=False)


def _here(make: Make, place: _Place) -> Iterator[bytes]:
    """The same for whoever reads without an event loop."""
    texts = make()
    try:
        while part := _part(texts):
            yield part
    finally:
        place.leave()


def _part(texts: Iterator[str]) -> bytes:
    """The next texts, together as large as is worth sending; nothing at the end."""
    found, size = list[bytes](), 0
    for text in texts:
        found.append(text.encode("utf-8", "replace"))
        size += len(found[-1])
        if size >= PART:
            break
    return b"".join(found)


def _end(texts: Iterator[str], place: _Place) -> None:
    """In the thread that made them, whose connection it is."""
    try:
        close = getattr(texts, "close", None)
        if close is not None:
            close()
        connection.close()
    finally:
        place.leave()
