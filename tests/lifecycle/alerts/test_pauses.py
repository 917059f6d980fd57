"""A provider's pace and its wait hold for all messages of its channel, and for no other channel."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.senders.letter import SendingError
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.alerting.pace import Pace
from tests.support.posting import Clock, Post, channel_made, delivery_made, once, states

EACH_BY_ITSELF = Pacing(interval=timedelta(0))
pytestmark = pytest.mark.django_db(transaction=True)


class Watch:
    """A monotonic clock wound by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def deliverer_of(senders: dict[str, Post], clock: Clock, watch: Watch) -> Deliverer:
    return Deliverer(senders, clock=clock, bound=5, monotonic=watch, pacing=lambda: EACH_BY_ITSELF)


async def test_the_pace_of_a_provider_is_kept(clock: Clock, post: Post) -> None:
    assert KINDS["slack"].paces == (Pace(count=1, seconds=1),)
    channel = await channel_made("chat", kind="slack")
    for _ in range(3):
        await delivery_made(channel)
    watch = Watch()
    deliverer = deliverer_of({"slack": post}, clock, watch)
    taken = []
    for _ in range(4):
        await once(deliverer)
        await once(deliverer)
        taken.append(len(post.taken))
        watch.now += 1
    assert taken == [1, 2, 3, 3]
    await deliverer.aclose()


async def test_a_wait_that_one_message_was_told_holds_for_the_others_of_its_channel(
    clock: Clock, post: Post
) -> None:
    channel, other = await channel_made("chat", kind="wecom"), await channel_made("log", kind="console")
    for _ in range(2):
        await delivery_made(channel)
    await delivery_made(other)
    post.deeds = [SendingError("too fast", retry_after=timedelta(seconds=60))]
    log, watch = Post(), Watch()
    deliverer = deliverer_of({"wecom": post, "console": log}, clock, watch)
    await once(deliverer)
    assert (len(post.taken), len(log.taken)) == (1, 1)
    watch.now += 59
    await once(deliverer)
    assert len(post.taken) == 1
    watch.now += 1
    clock.wind(61)
    await once(deliverer)
    assert len(post.taken) == 3 and await states() == ["delivered"] * 3
    await deliverer.aclose()


async def test_one_that_hangs_delays_no_other(clock: Clock, post: Post) -> None:
    kinds = ["slack", "teams", "dingtalk", "telegram", "discord", "ntfy"]
    hanging = Post()
    hanging.hang = True
    for kind in [*kinds, "console"]:
        await delivery_made(await channel_made(kind, kind=kind))
    deliverer = deliverer_of({**dict.fromkeys(kinds, hanging), "console": post}, clock, Watch())
    await deliverer.look()
    async with asyncio.timeout(3):
        while not post.taken:
            await asyncio.sleep(0)
    assert hanging.taken == []
    await deliverer.aclose()


async def test_a_test_message_that_a_pause_outlasted_says_so(clock: Clock, post: Post) -> None:
    wound = 0.0
    deliverer = Deliverer({"wecom": post}, clock=clock, monotonic=lambda: wound)
    channel = await channel_made("chat", kind="wecom")
    deliverer._pauses.note(channel.pk, (), timedelta(hours=1))
    tried = await delivery_made(channel, kind="test", expires_at=clock.now + timedelta(minutes=2))
    await once(deliverer)
    assert post.taken == []
    wound = 121.0
    clock.wind(121)
    await deliverer._expire_now_and_then()
    await tried.arefresh_from_db()
    assert tried.state == "dead"
    assert tried.answer == "not sent: the receiver requested a pause, which lasts another 57 min 59 s"
    await deliverer.aclose()
