"""The live socket: for signed-in users of this very site."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async

from lifecycle.live.access import same_origin, session_key, signed_in
from lifecycle.live.client import SIGNED_OUT, Client
from lifecycle.live.hub import hub

PATH = "/live/"
MESSAGE_AT_MOST = 32_000


async def live_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one WebSocket until either side leaves.

    The browser says `{"show": [ids], "ack": n}`; it is sent `{"id", "now", "html", "events"}`.
    """
    await receive()
    key = session_key(scope)
    if not (_wanted(scope) and await database_sync_to_async(signed_in)(key)):
        await send({"type": "websocket.close", "code": SIGNED_OUT})
        return
    await send({"type": "websocket.accept"})
    await _converse(Client(_texts(send), key), _after(scope), receive, send)


def _wanted(scope: dict[str, Any]) -> bool:
    return scope["path"] == PATH and same_origin(scope) and not hub.closed


def _texts(send: Any) -> Any:
    async def text(message: str) -> None:
        await send({"type": "websocket.send", "text": message})

    return text


def _after(scope: dict[str, Any]) -> int | None:
    value = parse_qs(scope["query_string"].decode("latin1")).get("after", [""])[0]
    return int(value) if value.isdecimal() and len(value) < 19 else None


async def _converse(client: Client, after: int | None, receive: Any, send: Any) -> None:
    def close(code: int) -> object:
        return asyncio.ensure_future(send({"type": "websocket.close", "code": code}))

    await hub.join(client, close)
    writer = asyncio.create_task(client.write())
    try:
        while (message := await receive())["type"] == "websocket.receive":
            said = _read(message.get("text") or "")
            if isinstance(said.get("ack"), int):
                client.confirm(said["ack"])
            if isinstance(said.get("show"), list):
                await hub.show(client, said["show"], after)
                after = None
    finally:
        hub.leave(client)
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writer


def _read(text: str) -> dict[str, Any]:
    """What the browser said; nothing, if it is not what our own script says."""
    if len(text) > MESSAGE_AT_MOST:
        return {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
