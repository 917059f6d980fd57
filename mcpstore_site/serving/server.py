"""Daphne, started and stopped by our own hand.

Left to itself it hangs or crashes on SIGTERM while requests are in flight: it cancels them, and the threads
behind them then wait for an event loop that has stopped. Here it stops accepting, closes the live sockets,
lets requests finish, and after a grace cuts off what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from typing import Any

import daphne.server as daphne_server
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.db import DatabaseError, connection
from django.template.loader import get_template
from django.urls import reverse
from django.utils.module_loading import import_string

from lifecycle.alerts.outbox.standby import Standby
from lifecycle.live.hub.hub import hub
from lifecycle.monitoring.settings import in_force
from mcpstore_site.serving.at_once import Connection, Socket
from mcpstore_site.serving.reception import Factory

logger = logging.getLogger(__name__)

GRACE = 5.0
FOLLOW_EVERY = 5.0


class Server(daphne_server.Server):  # type: ignore[misc]  # daphne has no types
    """Daphne on one listening socket that somebody else opened, so that a restart refuses no connection."""

    def __init__(self, application: Any, listener: socket.socket) -> None:
        super().__init__(application, endpoints=[listener], signal_handlers=False, ready_callable=self._adopt)
        self.endpoints: list[str] = []  # Daphne would open these by itself; `_adopt` takes the socket instead
        self.listener = listener
        self.port: Any = None
        self.closing: asyncio.Task[None] | None = None

    def _adopt(self) -> None:
        reactor = daphne_server.reactor
        self.http_factory = Factory(self)
        self.port = reactor.adoptStreamPort(self.listener.fileno(), self.listener.family, self.http_factory)
        self.port.transport, self.ws_factory.protocol = Connection, Socket
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            reactor._asyncioEventloop.add_signal_handler(number, self.begin_closing)
        self.following = reactor._asyncioEventloop.create_task(self._follow_settings())
        self.stop = asyncio.Event()
        self.standby = reactor._asyncioEventloop.create_task(Standby().run(self.stop))

    async def _follow_settings(self) -> None:
        """Take up what is set for monitoring, such as the level of the log, also by another process."""
        while True:
            with contextlib.suppress(DatabaseError):  # whoever asks for a page is told
                await asyncio.to_thread(_look)
            await asyncio.sleep(FOLLOW_EVERY)

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        """As Daphne, which keeps all that a slow client has not taken, and goes on for one that is gone."""
        await super().handle_reply(protocol, message)
        if message.get("more_body"):
            details = self.connections.get(protocol)
            if details is None or details.get("disconnected"):
                raise RequestAborted
            await protocol.taken()

    def begin_closing(self) -> None:
        """Stop accepting now, and end within the grace."""
        if self.closing is None:
            self.closing = asyncio.ensure_future(self._close())

    async def _close(self) -> None:
        self.port.stopListening()
        self.listener.close()
        self.stop.set()
        await hub.close()
        deadline = time.monotonic() + GRACE
        while self._busy() and time.monotonic() < deadline:  # noqa: ASYNC110 - Daphne tells nobody
            await asyncio.sleep(0.02)
        if left := self._running():
            logger.warning("web: %d requests cut off after %g s", left, GRACE)
        daphne_server.reactor.stop()

    def _busy(self) -> bool:
        """Whether requests run, or answers have not left the process yet."""
        return bool(self._running() or daphne_server.reactor.getWriters())

    def _running(self) -> int:
        tasks = [details.get("application_instance") for details in self.connections.values()]
        return sum(1 for task in tasks if task is not None and not task.done())

    def kill_all_applications(self) -> None:
        """Daphne cancels requests here and waits for ever; `_close` has already waited long enough."""


def _look() -> None:
    try:
        in_force.look()
    finally:
        connection.close()


def warm_up() -> None:
    """Import and build what the first page needs, and touch neither the database nor the static files."""
    for dotted in settings.MIDDLEWARE:
        import_string(dotted)
    reverse("login")
    get_template("registration/login.html")


def serve(listener: socket.socket) -> None:
    """Serve the console on *listener*, then end the process with exit code 0; never returns."""
    from mcpstore_site.asgi import application

    listener.setblocking(False)
    Server(application, listener).run()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Not sys.exit: a request thread that was cut off waits for the stopped loop and would never be joined.
    os._exit(0)
