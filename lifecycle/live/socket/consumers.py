"""The live socket: for signed-in users of this very site."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from lifecycle.engine.host import file_limits
from lifecycle.live.hub.hub import hub
from lifecycle.live.socket.access import admitted, language_of, same_origin, session_key, zone_of
from lifecycle.live.socket.client import SIGNED_OUT, TOO_MANY, Client, View

logger = logging.getLogger(__name__)
MESSAGE_AT_MOST = 32_000


class LiveConsumer(AsyncWebsocketConsumer):
    """One browser. It says `{"show": [ids], "after": id, "ack": n}`; it is sent `{"id", "now",
    "html", "events"}`.

    `after` is the place in the feed that it knows of; the first `show` may leave that to the address.
    """

    client: Client | None = None
    writer: asyncio.Task[None] | None = None
    after: int | None
    claimed: str | None = None

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Without a channel layer there is but one to listen to: no task and no wait for each message."""
        self.scope, self.base_send = scope, send
        try:
            with contextlib.suppress(StopConsumer):
                while True:
                    await self.dispatch(await receive())
        finally:  # also of one that failed or was cut off: nobody tells it that the browser has gone
            if self.claimed is not None:
                hub.unclaim(self.claimed)
            if self.client is not None:
                hub.leave(self.client)
            if self.writer is not None:
                self.writer.cancel()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As usual, but what a browser says uses no connection that another thread would have to close."""
        if message["type"] == "websocket.receive":
            await self.websocket_receive(message)
        else:
            await super().dispatch(message)

    async def connect(self) -> None:
        """Take in a signed-in user's page of this site; the hub does the rest."""
        key = session_key(self.scope)
        if hub.closed or not same_origin(self.scope) or (limits := await admitted(key)) is None:
            await self.close(SIGNED_OUT)
            return
        if not hub.claim(key):
            logger.warning("live: a session has %d sockets, another was refused", file_limits.SOCKETS_OF_ONE)
            await self.close(TOO_MANY)
            return
        self.claimed = key
        await self.accept()
        self.after = _after(self.scope)
        self.client = Client(self.send, key, View(limits, language_of(self.scope), zone_of(self.scope)))
        await hub.join(self.client, self._end)
        self.writer = asyncio.create_task(self.client.write())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Hear what the page shows and which frames it has applied."""
        if self.client is None:
            return
        said = _read(text_data or "")
        if isinstance(said.get("ack"), int):
            self.client.confirm(said["ack"])
        if isinstance(said.get("show"), list):
            after, self.after = said.get("after", self.after), None
            await hub.show(self.client, said["show"], after if isinstance(after, int) else None)

    async def disconnect(self, code: int) -> None:
        """Forget the browser."""
        if self.client is None:
            return
        hub.leave(self.client)
        if self.writer is None:
            return
        self.writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.writer

    def _end(self, code: int) -> object:
        return asyncio.ensure_future(self.close(code))


class RefusingConsumer(AsyncWebsocketConsumer):
    """Any other address: there is no socket there."""

    async def connect(self) -> None:
        """Refuse."""
        await self.close()


def _after(scope: dict[str, Any]) -> int | None:
    value = parse_qs(scope["query_string"].decode("latin1")).get("after", [""])[0]
    return int(value) if value.isdecimal() and len(value) < 19 else None


def _read(text: str) -> dict[str, Any]:
    """What the browser said; nothing, if it is not what our own script says."""
    if len(text) > MESSAGE_AT_MOST:
        return {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
