"""Many alerts are one message: what it says, when it leaves, and that nothing of it is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox import gather, queue
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.letter import SendingError
from lifecycle.core.alerting import grouping as rules
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from registry.models import Service
from tests.support.fleet import Fleet, at, make_rule
from tests.support.posting import Clock, Post, make_channel, once

pytestmark = pytest.mark.django_db(transaction=True)
PACING = Pacing()


@pytest.fixture
def grouping(clock: Clock, post: Post) -> Deliverer:
    return Deliverer({"console": post, "webhook": post}, clock=clock, pacing=lambda: PACING)


@sync_to_async
def a_storm(number: int, level: str = "ERROR", kind: str = "console", at_second: float = 0) -> list[Service]:
    rule = AlertRule.objects.first()
    if rule is None:
        rule = make_rule(make_channel(kind=kind), level=level)
    first = Service.objects.count()
    services = [Fleet().service(f"s{first + n:04}") for n in range(number)]
    fail(services, at_second)
    return services


def fail(services: list[Service], second: float) -> None:
    for service in services:
        Fleet().move(service, S.RECONNECTING, at(second))


@sync_to_async
def recover(services: list[Service], second: float) -> None:
    for service in services:
        Fleet().move(service, S.HEALTHY, at(second), event="connected")


async def until(deliverer: Deliverer, clock: Clock, second: int) -> None:
    """Let time go on in steps of a second, as the worker's looks do."""
    while clock.now < at(second):
        clock.wind(1)
        await once(deliverer)


async def test_those_that_fail_within_the_wait_are_one_message_that_lists_each(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    await a_storm(12)
    await until(grouping, clock, 9)
    assert post.taken == []
    await a_storm(1, at_second=9)
    await until(grouping, clock, 12)
    (letter,) = post.taken
    data = letter.payload["data"]
    assert (letter.kind, data["members_count"], data["level"]) == ("firing", 13, "ERROR")
    assert [member["service"] for member in data["members"]] == [f"s{n:04}" for n in range(13)]
    assert data["message"].startswith("13 alerts firing (13 share the host x): s0000, s0001")
    head = await Delivery.objects.aget(episode=None)
    assert data["url"].endswith(f"/alerts/deliveries/{head.pk}/")
    assert letter.message_id == head.message_id
    assert await Delivery.objects.filter(group=head, state="delivered").acount() == 13


async def test_between_two_messages_lies_the_interval_and_more_join_meanwhile(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    await a_storm(2)
    for second in range(11, 60, 7):
        await until(grouping, clock, second)
        await a_storm(1, at_second=second)
    await until(grouping, clock, 69)
    assert len(post.taken) == 1
    await until(grouping, clock, 71)
    assert [letter.payload["data"]["members_count"] for letter in post.taken] == [2, 7]


async def test_a_storm_that_takes_its_time_is_three_messages_in_five_minutes_at_most(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    for second in range(0, 60, 6):
        await until(grouping, clock, second)
        await a_storm(10, at_second=second)
    await until(grouping, clock, 300)
    assert sum(letter.payload["data"]["members_count"] for letter in post.taken) == 100
    assert len(post.taken) == 2


async def test_a_critical_one_does_not_wait_and_takes_the_others_along(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    await a_storm(1)
    await sync_to_async(make_rule)(
        await Channel.objects.aget(), name="bad", level="CRITICAL", states=["WARNING"]
    )
    other = await sync_to_async(Fleet().service)("other")
    await sync_to_async(Fleet().move)(other, S.WARNING, at(0))
    await once(grouping)
    assert [letter.payload["data"]["members_count"] for letter in post.taken] == [2]
    assert post.taken[0].payload["data"]["level"] == "CRITICAL"


async def test_a_channel_with_incidents_of_its_own_gets_each_alert_by_itself(
    grouping: Deliverer, post: Post, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "pagerduty" in rules.ALONE
    for module in (queue, rules):
        monkeypatch.setattr(module, "ALONE", frozenset({"webhook"}))
    await a_storm(3, kind="webhook")
    await once(grouping)
    assert [letter.payload["data"]["service"] for letter in post.taken] == ["s0000", "s0001", "s0002"]


async def test_a_group_is_not_resolved_while_one_of_its_members_fires(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    services = await a_storm(4)
    await until(grouping, clock, 12)
    await recover(services[:3], 20)
    await until(grouping, clock, 80)
    assert post.kinds() == ["firing", "firing"]
    data = post.taken[1].payload["data"]
    assert (data["resolved_count"], data["still_firing_count"]) == (3, 1)
    assert data["message"].startswith("3 alerts resolved, 1 of the same message still firing")
    assert post.taken[1].thread == post.taken[0].message_id
    await recover(services[3:], 90)
    await until(grouping, clock, 150)
    assert post.kinds() == ["firing", "firing", "resolved"]
    assert post.taken[2].payload["data"]["service"] == "s0003"
    assert post.taken[2].thread == post.taken[0].message_id


async def test_all_that_ends_is_told_as_one_in_the_thread_of_its_beginning(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    services = await a_storm(3)
    await until(grouping, clock, 12)
    await recover(services, 20)
    await until(grouping, clock, 80)
    assert post.kinds() == ["firing", "resolved"]
    assert post.taken[1].thread == post.taken[0].message_id


async def test_what_is_over_before_it_was_told_is_one_message_that_tells_both(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    (service,) = await a_storm(1)
    await recover([service], 5)
    await until(grouping, clock, 20)
    assert post.kinds() == ["resolved"]
    data = post.taken[0].payload["data"]
    assert data["message"] == (
        "s0000 serves again after 5 s (it was not reported before: s0000 is RECONNECTING: refused)"
    )
    assert post.taken[0].thread is None
    kinds = [(row.kind, row.state) async for row in Delivery.objects.order_by("id")]
    assert kinds == [("firing", "superseded"), ("resolved", "delivered")]
    await until(grouping, clock, 90)
    assert len(post.taken) == 1


async def test_a_repetition_says_the_same_under_the_same_id(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    await a_storm(3)
    post.deeds = [SendingError("503")]
    await until(grouping, clock, 30)
    first, second = post.taken
    assert (first.message_id, first.payload) == (second.message_id, second.payload)
    assert await Delivery.objects.filter(state="delivered").acount() == 4


async def test_a_kill_after_the_sending_repeats_the_group_under_its_id_and_loses_no_member(
    grouping: Deliverer, post: Post, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        """The process ends here: nothing after it runs."""

    def killed(*_: object) -> None:
        raise KilledError

    await a_storm(3)
    clock.wind(10)
    for step in ("_claim", "settle"):
        with monkeypatch.context() as patch:
            patch.setattr(queue, step, killed)
            doomed = Deliverer({"console": post}, clock=clock, pacing=lambda: PACING)
            await doomed.look()
            await asyncio.wait(doomed._busy.values())
        clock.wind(queue.CLAIM.total_seconds() * 2)
    await until(grouping, clock, 200)
    assert len({letter.message_id for letter in post.taken}) == 1
    assert await Delivery.objects.exclude(state="delivered").acount() == 0


async def test_a_group_that_never_arrived_and_is_over_is_told_once_and_not_late(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    services = await a_storm(3)
    post.deeds = [SendingError("down")] * 4
    await until(grouping, clock, 30)
    await recover(services, 30)
    post.deeds = []
    await until(grouping, clock, 120)
    assert post.kinds()[-1] == "resolved" and post.kinds().count("resolved") == 1
    states = {row.state async for row in Delivery.objects.filter(kind="firing")}
    assert states == {"superseded"}


async def test_a_dead_group_is_sent_again_whole(grouping: Deliverer, post: Post, clock: Clock) -> None:
    await a_storm(2)
    await until(grouping, clock, 11)
    await Delivery.objects.aupdate(state="dead")
    member = await Delivery.objects.select_related("group").filter(group__isnull=False).afirst()
    assert member is not None
    assert await sync_to_async(queue.replay)(member, clock.now) == 1
    await once(grouping)
    assert len(post.taken) == 2
    assert await Delivery.objects.filter(state="delivered").acount() == 3


async def test_a_group_that_waited_too_long_is_buried_with_its_members(
    grouping: Deliverer, post: Post, clock: Clock
) -> None:
    await a_storm(2)
    post.deeds = [SendingError("down")] * 99
    await until(grouping, clock, 11)
    await sync_to_async(queue.expire)(clock.now + timedelta(days=2))
    assert {row.state async for row in Delivery.objects.all()} == {"dead"}


def test_gathering_waits_for_a_beginning_that_is_being_sent(db: None) -> None:
    channel = make_channel()
    make_rule(channel)
    services = [Fleet().service("one"), Fleet().service("two")]
    fail(services, 0)
    head = queue.take(channel.pk, at(10), PACING)
    assert head is not None
    for service in services:
        Fleet().move(service, S.HEALTHY, at(12), event="connected")
    assert gather.gather(channel.pk, at(100), PACING) is None
    queue.settle(head, queue.Outcome(ok=True, answer="ok", took=timedelta(0)), at(101), 0.5)
    assert queue.take(channel.pk, at(101), PACING) is not None
    assert evaluate.tick(at(102)) == 0 and Episode.objects.filter(state="resolved").count() == 2


class _Died(Exception):
    """Where a worker is killed."""


async def test_a_kill_before_the_claim_leaves_no_group_that_another_one_swallows(
    grouping: Deliverer, post: Post, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_storm(3)
    channel = await Channel.objects.aget()
    clock.wind(60)

    def dies(*_: object) -> bool:
        raise _Died

    with monkeypatch.context() as patched, pytest.raises(_Died):
        patched.setattr(queue, "_claim", dies)
        await sync_to_async(queue.take)(channel.pk, clock.now, PACING)
    await a_storm(2, at_second=61)
    await until(grouping, clock, 900)
    told = [member["service"] for letter in post.taken for member in letter.payload["data"]["members"]]
    assert sorted(told) == [f"s{number:04}" for number in range(5)]
    assert {row.state async for row in Delivery.objects.all()} == {Delivery.State.DELIVERED}
