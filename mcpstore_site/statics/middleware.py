"""Static files, where requests come through an event loop; elsewhere nobody asks for one."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware
from servestatic.middleware import ServeStaticMiddleware


@sync_and_async_middleware
def static_files(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: ServeStatic's, which has no other mode than the asynchronous one."""
    if iscoroutinefunction(get_response):
        files: Callable[[HttpRequest], Any] = ServeStaticMiddleware(get_response)
        return files
    return get_response
