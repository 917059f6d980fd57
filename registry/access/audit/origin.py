"""Where an act comes from: a page, REST, the command line, Python, the worker."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from registry.access import clients

Answer = Callable[[HttpRequest], Any]


class Door(StrEnum):
    """How an act came in."""

    PAGE = "page"
    REST = "rest"
    COMMAND = "command"
    PYTHON = "python"
    WORKER = "worker"
    CONSOLE = "console"


@dataclass(frozen=True)
class Origin:
    """The door, and the address or account that came through it."""

    door: Door
    address: str = ""


_of_this_request: ContextVar[Origin | None] = ContextVar("origin", default=None)
_of_this_process: list[Door] = [Door.COMMAND]


def current() -> Origin:
    """Of the request that is being answered; outside of one, of this process."""
    if found := _of_this_request.get():
        return found
    door = _of_this_process[-1]
    return Origin(door, _account() if door in (Door.COMMAND, Door.PYTHON) else "")


def of_process(door: Door) -> None:
    """What acts outside of requests come from, from now on."""
    _of_this_process[:] = [door]


@lru_cache(maxsize=1)
def _account() -> str:
    """Who runs this program, and where: "ann@host"."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "?"
    return f"{name}@{socket.gethostname()}"[:64]


@contextmanager
def _during(request: HttpRequest) -> Iterator[None]:
    door = Door.REST if request.path.startswith("/api/") else Door.PAGE
    token = _of_this_request.set(Origin(door, clients.address(request)[:64]))
    try:
        yield
    finally:
        _of_this_request.reset(token)


@sync_and_async_middleware
def remembered(get_response: Answer) -> Answer:
    """Middleware: acts in this request are noted with its door and the client's address."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            with _during(request):
                return await ask(request)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        with _during(request):
            return cast(HttpResponseBase, get_response(request))

    return answer
