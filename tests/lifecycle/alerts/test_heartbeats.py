"""A monitor elsewhere hears each minute that alerts can be delivered, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.kinds import all_senders
from lifecycle.alerts.senders.letter import SendingError
from lifecycle.models import AlertRule, Channel, Delivery
from tests.doubles import provider as double
from tests.doubles.provider import Reply
from tests.support.fleet import NOON, make_rule
from tests.support.posting import Clock, Post, make_channel

pytestmark = pytest.mark.django_db(transaction=True)


def heartbeat(name: str = "hc", url: str = "https://hc.example.org/secret-token") -> Channel:
    return make_channel(name, kind="heartbeat", sealed=channel_config.seal(Config(url=url)))


made = sync_to_async(heartbeat)


@sync_to_async
def pings() -> list[tuple[bool | None, str]]:
    return list(Channel.objects.order_by("pk").values_list("ping_ok", "ping_answer"))


async def beat(deliverer: Deliverer) -> None:
    await deliverer.beat()
    await deliverer.settled()


async def test_each_minute_it_is_called_once(clock: Clock, post: Post) -> None:
    await made()
    first, second = (Deliverer({"heartbeat": post}, clock=clock) for _ in range(2))
    for _ in range(60):
        await beat(first)
        await beat(second)
        clock.wind(5)
    assert len(post.taken) == 5
    clock.now = NOON - timedelta(hours=1)
    await beat(first)
    await beat(first)
    assert len(post.taken) == 6
    for one in (first, second):
        await one.aclose()


async def test_what_its_monitor_says_is_kept_without_secrets_and_one_that_hangs_delays_no_other(
    clock: Clock, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifecycle.alerts.outbox import heartbeats

    monkeypatch.setattr(heartbeats, "BOUND", 0.05)
    await made()
    post.deeds = [SendingError("404: no check at /secret-token")]
    deliverer = Deliverer({"heartbeat": post}, clock=clock)
    await beat(deliverer)
    ((ok, answer),) = await pings()
    assert ok is False and answer.startswith("404: no check at ") and "secret-token" not in answer
    clock.wind(60)
    await beat(deliverer)
    assert await pings() == [(True, "taken")]
    post.hang = True
    clock.wind(60)
    await beat(deliverer)
    assert await pings() == [(False, "no answer within 0 s")]
    await deliverer.aclose()


async def test_it_asks_the_real_way_and_stops_when_it_is_off(clock: Clock, settings: Settings) -> None:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    async with double.provider() as monitor:
        monitor.replies = [Reply(200, "OK (not found)"), Reply(200, "OK")]
        await made(url=f"{monitor.url}/ping/secret-token")
        deliverer = Deliverer(all_senders(), clock=clock)
        await beat(deliverer)
        assert await pings() == [(False, "200 OK: OK (not found)")]
        clock.wind(61)
        await beat(deliverer)
        assert await pings() == [(True, "200 OK: OK")]
        await Channel.objects.aupdate(enabled=False)
        clock.wind(61)
        await beat(deliverer)
        assert [request.path for request in monitor.requests] == ["/ping/secret-token"] * 2
        await deliverer.aclose()


def test_no_rule_speaks_through_it(admin: Client) -> None:
    make_rule()
    add = reverse("channel_add", args=["heartbeat"])
    assert 'name="all_rules"' not in admin.get(add).content.decode()
    admin.post(add, {"name": "hc", "url": "https://hc.example.org/x", "all_rules": "on", "enabled": "on"})
    channel = Channel.objects.get()
    assert not AlertRule.objects.filter(channels=channel).exists()
    assert f'value="{channel.pk}"' not in admin.get(reverse("rule_add")).content.decode()
    Channel.objects.update(pinged_at=NOON, ping_ok=False, ping_answer="404 Not Found")
    page = admin.get(reverse("channel_list")).content.decode()
    assert "The last ping failed: 404 Not Found" in page and "Last ping" in page
    assert not Delivery.objects.exists()
