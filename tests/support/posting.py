"""A deliverer with a clock wound by hand, a sender that does as it is told, and messages to send."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async

from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.letter import Letter, Partly
from lifecycle.models import Channel, Delivery, Episode
from registry.models import Service
from tests.support.fleet import NOON, make_rule


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def wind(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Post:
    """A sender that takes letters, or does what it is told to do first."""

    def __init__(self) -> None:
        self.taken: list[Letter] = []
        self.deeds: list[Exception | Partly | None] = []
        self.hang = False

    async def __call__(self, letter: Letter) -> str | Partly:
        if self.hang:
            await asyncio.Event().wait()
        self.taken.append(letter)
        deed = self.deeds.pop(0) if self.deeds else None
        if isinstance(deed, Partly):
            return deed
        if deed is not None:
            raise deed
        return "taken"

    def kinds(self) -> list[str]:
        return [letter.kind for letter in self.taken]


async def once(deliverer: Deliverer) -> None:
    await deliverer.look()
    await deliverer.settled()


def make_channel(name: str = "log", **fields: Any) -> Channel:
    values = {"kind": "console", "sealed": "", "summary": "", "created_at": NOON}
    return Channel.objects.create(**{**values, "name": name, **fields})


def make_episode(channel: Channel, kinds: tuple[str, ...] = ("firing", "resolved")) -> Episode:
    service = Service.objects.create(name="x", transport="sse", endpoint="", created_at=NOON, updated_at=NOON)
    rule = make_rule(channel)
    episode = Episode.objects.create(rule=rule, service=service, state="firing", opened_at=NOON, due_at=NOON)
    beginning = None
    for kind in kinds:
        made = make_delivery(channel, episode=episode, kind=kind, beginning=beginning)
        beginning = beginning or made
    return episode


def make_delivery(channel: Channel, **fields: Any) -> Delivery:
    values: dict[str, Any] = {
        "channel": channel,
        "kind": "firing",
        "payload": {"type": "alert.firing", "data": {}},
        "created_at": NOON,
        "next_attempt_at": NOON,
        "expires_at": NOON + outbox_write.KEPT_TRYING,
    }
    return Delivery.objects.create(**{**values, **fields})


@sync_to_async
def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


channel_made = sync_to_async(make_channel)
episode_made = sync_to_async(make_episode)
delivery_made = sync_to_async(make_delivery)
