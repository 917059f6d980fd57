"""An hour without mail, a channel that hangs for ever, a clock set back; of every kind one channel."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta

import pytest

from lifecycle.alerts.channels.kind import Group
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.senders.letter import SendingError
from lifecycle.models import Channel, Delivery
from tests.lifecycle.alerts.conftest import EACH_ALONE
from tests.support.posting import Clock, Post, channel_made, delivery_made, once

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = [kind.key for kind in KINDS.values() if kind.key != "heartbeat"]
HANGS, DOWN = "slack", "email"
MINUTES, STEP, SET_BACK = 60, 4, 20
DAY = timedelta(days=1)


class Refusing(Post):
    """Down until somebody puts it up again."""

    down = True

    async def __call__(self, letter: object) -> object:  # type: ignore[override]
        if self.down:
            raise SendingError("Connection refused")
        return await super().__call__(letter)  # type: ignore[arg-type]


async def one_more(channels: list[Channel], clock: Clock) -> None:
    moment = {"created_at": clock.now, "next_attempt_at": clock.now, "expires_at": clock.now + DAY}
    for channel in channels:
        await delivery_made(channel, **moment)


async def test_nothing_is_lost_and_nothing_late_elsewhere(clock: Clock) -> None:
    posts = {key: Post() for key in TOLD} | {DOWN: Refusing()}
    posts[HANGS].hang = True
    passed = itertools.count(0, 60)  # what no clock that is set back can touch
    deliverer = Deliverer(
        posts, clock=clock, bound=0.1, monotonic=lambda: next(passed), pacing=lambda: EACH_ALONE
    )
    channels = [await channel_made(key, kind=key) for key in TOLD]
    others = [key for key in TOLD if key not in (HANGS, DOWN)]
    for number in range(1, MINUTES // STEP + 1):
        await one_more(channels, clock)
        await once(deliverer)
        assert {key: len(posts[key].taken) for key in others} == dict.fromkeys(others, number)
        clock.wind(60 * (STEP - SET_BACK if number == 5 else STEP))
    posts[DOWN].down = False  # type: ignore[attr-defined]
    assert not posts[DOWN].taken and not posts[HANGS].taken
    for _ in range(12):
        clock.wind(600)
        await once(deliverer)
    await deliverer.aclose()
    sent = Counter(letter.message_id for post in posts.values() for letter in post.taken)
    rows = {row.message_id: row async for row in Delivery.objects.select_related("channel")}
    kept = {key for key, row in rows.items() if row.channel.kind == HANGS}
    assert sent.keys() == rows.keys() - kept and set(sent.values()) == {1}, "each once, under its id"
    assert {rows[key].state for key in sent} == {"delivered"}
    assert {rows[key].state for key in kept} == {"queued"}, "it is tried on for a day"


def test_every_kind_takes_part() -> None:
    assert {DOWN, HANGS} < set(TOLD) and len(TOLD) >= 14
    assert {kind.group for kind in KINDS.values() if kind.key in TOLD} >= {Group.CHAT, Group.ON_CALL}
