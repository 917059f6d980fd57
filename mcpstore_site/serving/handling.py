"""Requests, answered each as a whole in one of a few threads that stay.

Left to itself Django makes a thread and a database connection for each request, and changes between thread
and event loop for each middleware: two hundred requests at once were two hundred threads that kept each
other from working. Views that wait for something else, and files, still go Django's way.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import Context
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, cast

from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, set_script_prefix

from mcpstore_site.answers import guards, health, request_ids, unavailable
from mcpstore_site.serving.lanes import Bounds, CrowdedError, Lane
from registry.installation import trouble

READING = Bounds(threads=4, waiting=4000, patience=60)
WRITING = Bounds(threads=8, waiting=4000, patience=60)
LOOKING_AFTER = Bounds(threads=1, waiting=100, patience=10)
SAFE = ("GET", "HEAD", "OPTIONS")


class Plain(BaseHandler):
    """The middleware and the views, without an event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()


class Handler(ASGIHandler):
    """Who writes waits in another queue than who reads: a busy database keeps no page from showing.

    Whoever asks whether this process is ready waits in neither: a crowd would look like an outage.
    """

    def __init__(self) -> None:
        super().__init__()
        self._plain = Plain()
        self._lanes: dict[str, Lane] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or _waits(scope):
            await super().__call__(scope, receive, send)
            return
        with contextlib.suppress(RequestAborted):
            response = await self._answer(scope, receive)
            try:
                async with ThreadSensitiveContext():  # only what is streamed needs it
                    await self.send_response(response, send)
            finally:
                if response.streaming:
                    response.close()

    async def _answer(self, scope: Any, receive: Any) -> HttpResponseBase:
        """The answer; RequestAborted if nobody waits for it any more."""
        body = await self.read_body(receive)
        # In a context of its own: what a request leaves there is not the next one's.
        answered = partial(Context().run, self._answered, scope, body)
        work = asyncio.ensure_future(self._lane(scope).do(answered))
        gone = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                raise RequestAborted
            return work.result()
        except CrowdedError as exc:
            body.close()
            return self._crowded(scope, exc)
        finally:
            gone.cancel()

    def _lane(self, scope: Any) -> Lane:
        name = _lane_of(scope)
        if name not in self._lanes:
            self._lanes[name] = Lane(name, _bounds()[name])
        return self._lanes[name]

    def _answered(self, scope: Any, body: Any) -> HttpResponseBase:
        """In a thread: all that Django does with a request, from the first signal to the last."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused if request is None else self._plain.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
            body.close()
        return cast(HttpResponseBase, response)

    def _crowded(self, scope: Any, exc: CrowdedError) -> HttpResponse:
        name = request_ids.of_scope(scope)
        found = trouble.crowded(exc.after)
        trouble.note(found, scope["path"], exc)
        response = unavailable.answer(found, scope["path"])
        response[request_ids.HEADER] = name
        guards.put(response)
        return response


def _bounds() -> dict[str, Bounds]:
    return {"reading": READING, "writing": WRITING, "looking-after": LOOKING_AFTER}


def _lane_of(scope: Any) -> str:
    if scope["method"] not in SAFE:
        return "writing"
    return "looking-after" if _view(scope) is health.readyz else "reading"


def _path(scope: Any) -> str:
    path: str = scope["path"]
    return path.removeprefix(get_script_prefix(scope).rstrip("/"))


def _view(scope: Any) -> Any:
    """The view that will answer, or None."""
    with contextlib.suppress(Resolver404):
        return resolve(_path(scope)).func
    return None


def _waits(scope: Any) -> bool:
    """Whether the view waits without a thread, or it is a file."""
    return _path(scope).startswith(settings.STATIC_URL) or iscoroutinefunction(_view(scope))
