"""Request bodies, bounded where they come in: what is too large is refused before it is kept anywhere.

Left to itself Twisted keeps a body whole, and reads an uploaded form once more for its own use: 100 MB cost
1.2 GB of memory, also for someone who is not signed in.
"""

from __future__ import annotations

import asyncio
import json
from contextvars import Context
from typing import Any

from daphne import server as daphne_server
from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from twisted.web.http import HTTPChannel, _GenericHTTPChannelProtocol

from lifecycle.engine.host import file_limits
from mcpstore_site.answers import guards, request_ids
from mcpstore_site.serving.guests import Guests
from registry.rest.problems import answer

LARGEST = 4 * 1024 * 1024
LINGER = 10.0
LOOK_EVERY = 2.0
STALLED_AFTER = 120.0


class Request(WebRequest):  # type: ignore[misc]  # daphne has no types
    """A request whose body ends at LARGEST bytes, whether its length was said or not."""

    too_large = False
    content_types: list[bytes] | None = None

    def gotLength(self, length: int | None) -> None:
        """The headers are here, the body is not."""
        super().gotLength(length)
        self.channel.factory.guests.sends(self.channel)
        if length is not None and length > LARGEST:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """What comes after a refusal is read, so that the client sees the answer, and dropped."""
        if not self.too_large and self.content.tell() + len(data) > LARGEST:
            self._refuse()
        if not self.too_large:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self.too_large = True
        self.content.truncate(0)
        self.content.seek(0)
        self.requestHeaders.removeHeader(b"Expect")  # nobody is asked to go on
        self.channel.persistent = False
        self.channel.transport.write(Context().run(self._refusal))
        daphne_server.reactor.callLater(LINGER, self._cut_off)

    def _refusal(self) -> bytes:
        given = (self.requestHeaders.getRawHeaders(request_ids.HEADER) or [""])[0]
        name = request_ids.begin(_host(self.channel.transport), given)
        kind, body = _refusal(self.channel._path)
        lines = [
            "HTTP/1.1 413 Content Too Large",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            f"{request_ids.HEADER}: {name}",
            *guards.lines(),
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _cut_off(self) -> None:
        if self.channel is not None and self.channel.transport is not None:
            self.channel.transport.abortConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Without its type Twisted leaves the body alone."""
        self.content_types = self.requestHeaders.getRawHeaders(b"content-type")
        self.requestHeaders.removeHeader(b"content-type")
        super().requestReceived(command, path, version)

    def process(self) -> Any:
        self.channel.factory.guests.left(self.channel)
        if self.too_large:
            return self.channel.transport.loseConnection()
        if self.content_types is not None:
            self.requestHeaders.setRawHeaders(b"content-type", self.content_types)
        return super().process()

    async def taken(self) -> None:
        """Until the client has taken most of what was written to it, or is gone."""
        if self.channel is not None:
            await self.channel.taken()

    def handle_exception(self, exception: BaseException) -> None:
        """An answer that has begun cannot become another: it is cut off, lest it be taken for whole."""
        if self._response_started:
            self._cut_off()
        else:
            super().handle_exception(exception)


def _refusal(path: bytes) -> tuple[str, bytes]:
    """The answer's type and body, as programs and people want it."""
    if path.startswith(b"/api/"):
        said = _("The request body is larger than %(n)d MiB.") % {"n": LARGEST >> 20}
        return "application/json", json.dumps(answer("too_large", said, "body")).encode()
    return "text/html; charset=utf-8", render_to_string("413.html", {"largest": LARGEST >> 20}).encode()


class Channel(HTTPChannel):  # type: ignore[misc]  # twisted is not looked at
    """A connection; until it has asked something it is one of the guests."""

    _room: asyncio.Event | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.guests.waits(self, _host(self.transport))

    def requestDone(self, request: Any) -> None:
        super().requestDone(request)
        if self.persistent and not self.requests and self.transport is not None:
            self.factory.guests.waits(self, _host(self.transport))

    def connectionLost(self, reason: Any) -> None:
        self.factory.guests.left(self)
        super().connectionLost(reason)
        self._has_room()

    def resumeProducing(self) -> None:
        """What was written has been taken."""
        super().resumeProducing()
        self._has_room()

    def _has_room(self) -> None:
        if self._room is not None:
            self._room.set()

    async def taken(self) -> None:
        """Until there is room for more; a client that takes nothing for two minutes is cut off."""
        if not self._waitingForTransport:
            return
        self._room = asyncio.Event()
        try:
            await asyncio.wait_for(self._room.wait(), STALLED_AFTER)
        except TimeoutError:
            self.cut_off()

    def cut_off(self) -> None:
        """Without a word: there is no request to answer."""
        self.transport.abortConnection()


def _host(transport: Any) -> str:
    return str(getattr(transport.getPeer(), "host", ""))


class Factory(HTTPFactory):  # type: ignore[misc]  # daphne has no types
    """Makes connections whose requests are bounded, and so are those without one."""

    def protocol(self) -> Any:
        return _GenericHTTPChannelProtocol(Channel())

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.guests = Guests(file_limits.allow_many_files(), settings.TRUSTED_PROXIES)
        self._look()

    def _look(self) -> None:
        self.guests.look()
        daphne_server.reactor.callLater(LOOK_EVERY, self._look)

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol
