"""An end leaves after its beginning, and who is refused hears no end of what never began."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from lifecycle.alerts.outbox import gather, queue
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.letter import Partly, SendingError
from lifecycle.models import AlertRule, Channel, Delivery, DeliveryAttempt
from tests.support.fleet import NOON
from tests.support.posting import Clock, Post, channel_made, delivery_made, episode_made, once, states

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_end_leaves_after_its_beginning_and_refers_to_it(deliverer: Deliverer, post: Post) -> None:
    await episode_made(await channel_made())
    await once(deliverer)
    assert post.kinds() == ["firing", "resolved"]
    assert post.taken[1].thread == post.taken[0].message_id


async def test_a_beginning_that_never_arrived_is_not_sent_late_and_its_end_tells_both(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    await episode_made(await channel_made())
    await Delivery.objects.filter(kind="firing").aupdate(payload={"data": {"message": "x is down"}})
    post.deeds = [SendingError("503")]
    await once(deliverer)
    assert post.kinds() == ["firing"]
    clock.wind(6.1)
    await once(deliverer)
    assert post.kinds() == ["firing", "resolved"]
    assert await states() == ["superseded", "delivered"]
    assert post.taken[1].thread == post.taken[0].message_id  # its answer may have been lost alone
    assert post.taken[1].payload["data"]["began"]["message"] == "x is down"
    first, second = [one async for one in Delivery.objects.order_by("id")]
    assert (first.group_id, first.answer) == (second.pk, gather.OVERTAKEN)


async def test_after_24_hours_it_is_dead_and_an_end_that_comes_then_is_not_sent(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    episode = await episode_made(await channel_made(), kinds=("firing",))
    first = await Delivery.objects.aget()
    post.deeds = [SendingError("500 out of order")] * 100
    while clock.now < NOON + timedelta(hours=24):
        await once(deliverer)
        clock.wind(1800)
    await once(deliverer)
    assert 20 < len(post.taken) < 60
    await delivery_made(
        await Channel.objects.aget(), episode=episode, kind="resolved", beginning=first, expires_at=clock.now
    )
    await once(deliverer)
    first, second = [delivery async for delivery in Delivery.objects.order_by("id")]
    assert (first.state, first.answer) == ("dead", "500 out of order")
    assert (second.state, second.answer) == ("dead", gather.NEVER_BEGUN)


async def test_a_group_of_ends_whose_beginning_died_leaves_none_of_them_waiting(
    deliverer: Deliverer, clock: Clock
) -> None:
    channel = await channel_made()
    began = await delivery_made(channel, kind="firing", state="dead")
    head = await delivery_made(channel, kind="resolved", beginning=began, attempts=1)
    await delivery_made(channel, kind="resolved", beginning=began, group=head)
    await once(deliverer)
    found = [(row.state, row.answer) async for row in Delivery.objects.exclude(pk=began.pk)]
    assert found == [("dead", gather.NEVER_BEGUN)] * 2


async def test_replaying_an_end_takes_its_dead_beginning_along(deliverer: Deliverer, post: Post) -> None:
    await episode_made(await channel_made())
    await Delivery.objects.aupdate(state="dead", attempts=9)
    end = await Delivery.objects.select_related("channel").aget(kind="resolved")
    assert await sync_to_async(queue.replay)(end, NOON) == 2
    await once(deliverer)
    assert post.kinds() == ["firing", "resolved"]


def partly(**refused: str) -> Partly:
    return Partly(answer="taken", refused={f"{name}@example.org": said for name, said in refused.items()})


async def test_a_recipient_that_is_refused_is_named_and_the_message_not_called_delivered(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    await delivery_made(await channel_made())
    post.deeds = [partly(bob="550 no such user")]
    await once(deliverer)
    delivery = await Delivery.objects.aget()
    assert (delivery.state, delivery.refused) == ("partial", {"bob@example.org": "550 no such user"})
    assert not (await DeliveryAttempt.objects.aget()).ok
    clock.wind(3600)
    await once(deliverer)
    assert len(post.taken) == 1
    assert await sync_to_async(queue.replay)(delivery, clock.now) == 1
    await once(deliverer)
    assert post.taken[1].recipients == ("bob@example.org",)
    assert await states() == ["delivered"]


async def test_who_is_refused_for_now_is_tried_again_alone_under_the_same_id(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    await delivery_made(await channel_made())
    post.deeds = [partly(bob="550 no such user", cy="450 try later", di="451 try later"), partly(di="451 no")]
    await once(deliverer)
    assert await states() == ["queued"]
    for _ in range(2):
        clock.wind(60)
        await once(deliverer)
    assert [letter.only for letter in post.taken] == [
        (),
        ("cy@example.org", "di@example.org"),
        ("di@example.org",),
    ]
    assert len({letter.message_id for letter in post.taken}) == 1
    delivery = await Delivery.objects.aget()
    assert (delivery.state, list(delivery.refused)) == ("partial", ["bob@example.org"])


async def test_an_end_does_not_wait_for_one_recipient_and_goes_to_those_who_had_its_beginning(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    await episode_made(await channel_made())
    post.deeds = [partly(bob="450 try later")]
    await once(deliverer)
    assert post.kinds() == ["firing", "resolved"]
    assert post.taken[1].never == {"bob@example.org"}
    clock.wind(3600)
    await once(deliverer)
    assert post.kinds() == ["firing", "resolved"]
    assert await states() == ["partial", "delivered"]


async def test_an_end_keeps_its_thread_when_the_rule_is_deleted(
    deliverer: Deliverer, post: Post, clock: Clock
) -> None:
    await episode_made(await channel_made())
    await AlertRule.objects.all().adelete()
    await once(deliverer)
    assert post.kinds() == ["firing", "resolved"]
    assert post.taken[1].thread == post.taken[0].message_id
