"""Every message leaves at least once, under one id, and one bad channel delays no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.letter import SendingError
from lifecycle.models import Channel, Delivery, DeliveryAttempt
from tests.lifecycle.alerts.conftest import EACH_ALONE
from tests.support.fleet import NOON, at
from tests.support.posting import Clock, Post, channel_made, delivery_made, once, states

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_message_is_sent_once_and_its_attempt_kept(deliverer: Deliverer, post: Post) -> None:
    delivery = await delivery_made(await channel_made())
    await once(deliverer)
    await once(deliverer)
    assert [letter.message_id for letter in post.taken] == [delivery.message_id]
    attempt = await DeliveryAttempt.objects.aget()
    assert (attempt.ok, attempt.answer) == (True, "taken")


@pytest.mark.both_databases  # each keeps moments in its own way
async def test_a_message_is_seen_from_its_moment_on_and_before_that_a_look_is_one_query(
    deliverer: Deliverer,
) -> None:
    delivery = await delivery_made(await channel_made())
    due = delivery.next_attempt_at
    assert await sync_to_async(queue.any_due)(due)
    assert not await sync_to_async(queue.any_due)(due - timedelta(microseconds=1))
    await Delivery.objects.aupdate(next_attempt_at=due + timedelta(hours=1))
    assert await sync_to_async(queries_of)(deliverer._due) == 1
    await sync_to_async(connections.close_all)()  # PostgreSQL drops no database that a thread still uses


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as seen:
        work()
    return len(seen)


async def test_a_failure_is_repeated_under_the_same_id_after_a_growing_wait(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    await delivery_made(await channel_made())
    post.deeds = [SendingError("503"), SendingError("503")]
    for wind, taken in ((0, 1), (3.9, 1), (2.2, 2), (7.5, 2), (5, 3)):
        clock.wind(wind)
        await once(deliverer)
        assert len(post.taken) == taken
    assert len({letter.message_id for letter in post.taken}) == 1
    assert await states() == ["delivered"]


async def test_other_messages_do_not_wait_for_a_failing_one(deliverer: Deliverer, post: Post) -> None:
    channel = await channel_made()
    await delivery_made(channel)
    await delivery_made(channel)
    post.deeds = [SendingError("503")]
    await once(deliverer)
    assert await states() == ["queued", "delivered"]


async def test_a_hanging_channel_delays_no_other(post: Post, clock: Clock) -> None:
    good = Post()
    post.hang = True
    deliverer = Deliverer({"console": post, "email": good}, clock=clock, bound=30, pacing=lambda: EACH_ALONE)
    await delivery_made(await channel_made("hangs"))
    await delivery_made(await channel_made("good", kind="email"))
    await deliverer.look()
    async with asyncio.timeout(3):
        while len(good.taken) < 1 or "delivered" not in await states():
            await asyncio.sleep(0.02)
    await delivery_made(await Channel.objects.aget(name="good"))
    async with asyncio.timeout(3):
        while len(good.taken) < 2:
            await deliverer.look()
            await asyncio.sleep(0.02)
    for task in list(deliverer._busy.values()):
        task.cancel()
    await deliverer.aclose()


async def test_a_sender_that_never_answers_is_left_after_the_bound(deliverer: Deliverer, post: Post) -> None:
    post.hang = True
    await delivery_made(await channel_made())
    async with asyncio.timeout(3):
        await once(deliverer)
    delivery = await Delivery.objects.aget()
    assert (delivery.state, delivery.answer) == ("queued", "no answer within 200 ms")


async def test_a_kill_between_sending_and_marking_repeats_with_the_same_id(
    post: Post, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        """The process ends here: nothing after it runs."""

    delivery = await delivery_made(await channel_made())

    def killed(*_: object) -> None:
        raise KilledError

    first = Deliverer({"console": post}, clock=clock)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "settle", killed)
        await first.look()
        await asyncio.wait(first._busy.values())
    assert await states() == ["queued"]
    second = Deliverer({"console": post}, clock=clock)
    await once(second)
    assert len(post.taken) == 1
    clock.wind(queue.CLAIM.total_seconds())
    await once(second)
    assert [letter.message_id for letter in post.taken] == [delivery.message_id] * 2
    assert await states() == ["delivered"]
    for deliverer in (first, second):
        await deliverer.aclose()


async def test_two_workers_do_not_both_take_a_message(deliverer: Deliverer, post: Post, clock: Clock) -> None:
    channel = await channel_made()
    for _ in range(10):
        await delivery_made(channel)
    other = Deliverer({"console": post}, clock=clock, pacing=lambda: EACH_ALONE)
    await asyncio.gather(once(deliverer), once(other))
    assert len(post.taken) == 10
    await other.aclose()


async def test_a_receiver_that_is_gone_disables_the_channel(deliverer: Deliverer, post: Post) -> None:
    channel = await channel_made()
    await delivery_made(channel)
    await delivery_made(channel)
    post.deeds = [SendingError("410 Gone", gone=True)]
    await once(deliverer)
    await channel.arefresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (False, "410 Gone")
    assert await states() == ["dead", "queued"]
    assert len(post.taken) == 1


async def test_what_waits_for_a_disabled_channel_dies_in_its_time(clock: Clock) -> None:
    await delivery_made(await channel_made(enabled=False))
    expire = sync_to_async(queue.expire)
    assert await expire(at(86399)) == 0
    assert await expire(at(86400)) == 1
    assert (await Delivery.objects.aget()).answer == queue.TOO_LATE


async def test_the_receivers_retry_after_is_honoured(deliverer: Deliverer, post: Post, clock: Clock) -> None:
    await delivery_made(await channel_made())
    post.deeds = [SendingError("429", retry_after=timedelta(seconds=120))]
    await once(deliverer)
    assert (await Delivery.objects.aget()).next_attempt_at == at(120)


async def test_a_test_message_is_tried_once(deliverer: Deliverer, post: Post) -> None:
    channel = await channel_made()
    await sync_to_async(outbox_write.queue_test)(channel, "ann", NOON)
    post.deeds = [SendingError("no such host")]
    await once(deliverer)
    delivery = await Delivery.objects.aget()
    assert (delivery.state, delivery.answer) == ("dead", "no such host")


async def test_a_senders_own_mistake_counts_as_a_failed_attempt(deliverer: Deliverer, post: Post) -> None:
    await delivery_made(await channel_made())
    post.deeds = [KeyError("level")]
    await once(deliverer)
    assert (await Delivery.objects.aget()).answer == "KeyError: 'level'"


async def test_run_sends_what_comes_and_stops_at_once(post: Post) -> None:
    stop = asyncio.Event()
    deliverer = Deliverer({"console": post})
    running = asyncio.create_task(deliverer.run(stop))
    channel = await channel_made()
    await sync_to_async(outbox_write.queue_test)(channel, "ann", deliverer._clock())
    async with asyncio.timeout(5):
        while not post.taken:
            await asyncio.sleep(0.02)
    stop.set()
    async with asyncio.timeout(2):
        await running
    assert await states() == ["delivered"]
