"""What the consumer does for each message of a browser."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.db import OperationalError

from lifecycle.live.hub.hub import Hub
from lifecycle.live.socket import consumers
from lifecycle.live.socket.client import Client
from lifecycle.live.socket.consumers import LiveConsumer


async def test_a_confirmation_waits_for_no_other_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels has a thread look at database connections for each message: nearly half of what it cost."""

    async def hop() -> None:
        raise AssertionError("another thread was asked")

    monkeypatch.setattr("channels.consumer.aclose_old_connections", hop)
    consumer = LiveConsumer()
    client = consumer.client = Client(consumer.send)
    client.sent = 3
    await consumer.dispatch({"type": "websocket.receive", "text": '{"ack": 2}'})
    assert client.confirmed == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["fails", "is cut off"])
async def test_whatever_ends_a_socket_its_browser_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    hub, reached = Hub(), asyncio.Event()
    monkeypatch.setattr(consumers, "hub", hub)
    monkeypatch.setattr(consumers, "same_origin", lambda scope: True)
    monkeypatch.setattr(consumers, "admitted", _yes)

    async def show(*_: object) -> None:
        reached.set()
        if ending == "fails":
            raise OperationalError("the server closed the connection")
        await asyncio.Event().wait()

    monkeypatch.setattr(hub, "show", show)
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    consumer, scope = LiveConsumer(), {"type": "websocket", "headers": [], "query_string": b"", "path": "/"}
    socket = asyncio.create_task(consumer(scope, said.get, _sent))
    said.put_nowait({"type": "websocket.connect"})
    said.put_nowait({"type": "websocket.receive", "text": json.dumps({"show": ["count-all"]})})
    await asyncio.wait_for(reached.wait(), 5)
    socket.cancel()
    await asyncio.wait({socket}, timeout=5)
    assert consumer.writer is not None
    await asyncio.wait({consumer.writer}, timeout=5)
    assert socket.done() and consumer.writer.done()
    assert not hub.clients
    assert hub.follower is None


async def _yes(_: object) -> bool:
    return True


async def _sent(_: object) -> None:
    return
