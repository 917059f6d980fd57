"""What the consumer does for each message of a browser."""

from __future__ import annotations

import pytest

from lifecycle.live.client import Client
from lifecycle.live.consumers import LiveConsumer


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
