"""*Send test*, from the form to the provider and back to the page."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders.kinds import KINDS, all_senders
from lifecycle.models import Channel, Delivery, DeliveryAttempt
from registry.secrets import masking
from tests.doubles import provider as double
from tests.doubles.provider import Reply
from tests.support.fleet import NOON
from tests.support.pages import HTMX
from tests.support.posting import make_channel
from tests.support.provider_answers import SPOKEN

TRIED = ("slack", "feishu", "telegram", "pagerduty")
"""One of each sort; `senders/test_answers.py` has all kinds, without pages."""
pytestmark = pytest.mark.django_db(transaction=True)


def added(admin: Client, kind: str, settings: Mapping[str, str]) -> Channel:
    """Through the form; what a form has no field for is put into the channel afterwards."""
    fields = {field.name for field in KINDS[kind].fields}
    answer = admin.post(
        reverse("channel_add", args=[kind]),
        {"name": kind, "enabled": "on", **{name: text for name, text in settings.items() if name in fields}},
    )
    assert answer.status_code == 302, html.unescape(answer.content.decode())[-500:]
    channel = Channel.objects.get(name=kind)
    config = channel_config.unseal(channel.sealed).having(settings)
    Channel.objects.filter(pk=channel.pk).update(sealed=channel_config.seal(config))
    return channel


def test_the_real_message_is_sent_and_the_page_shows_what_came_back(
    admin: Client, settings: Settings
) -> None:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)

    async def deliver(replies: list[Reply]) -> list[bytes]:
        async with double.provider() as provider:
            provider.replies = replies
            await Channel.objects.filter(pk=channel.pk).aupdate(sealed=sealed_for(provider.url))
            deliverer = Deliverer(all_senders())
            await deliverer.look()
            await deliverer.settled()
            await deliverer.aclose()
            return [request.body for request in provider.requests]

    for kind in TRIED:
        spoken = SPOKEN[kind]
        values = {**spoken.settings, "url": spoken.at.format("http://127.0.0.1:9")}
        channel = added(admin, kind, values)
        base = channel_config.unseal(Channel.objects.get(pk=channel.pk).sealed)

        def sealed_for(url: str, spoken=spoken, base=base) -> str:  # type: ignore[no-untyped-def]
            return channel_config.seal(base.having({"url": spoken.at.format(url)}))

        for replies, words in (([spoken.yes[0]], "Delivered in"), ([spoken.no[0]], "Not delivered: ")):
            admin.post(reverse("channel_test", args=[channel.pk]), headers=HTMX)
            bodies = asyncio.run(deliver(replies))
            delivery = Delivery.objects.filter(channel=channel).latest("pk")
            state = reverse("channel_test_state", args=[channel.pk, delivery.pk])
            page = html.unescape(admin.get(state).content.decode())
            assert words in page and str(replies[0].status) in page, (kind, page)
            assert b"est message for the channel" in b"".join(bodies), (kind, bodies)
            assert "secret-to" not in page and "secret-to" not in delivery.answer
            for value in KINDS[kind].secrets(base):
                logged = masking.mask_remembered(f"HTTP Request: POST {value}")
                assert value not in logged or len(value) < masking.SHORTEST_REMEMBERED


def test_what_apprise_takes_is_not_called_delivered(admin: Client) -> None:
    channel = make_channel("other", kind="apprise", summary="pover://…")
    row = Delivery.objects.create(
        channel=channel,
        kind="test",
        payload={"type": "alert.test", "data": {}},
        state="delivered",
        answer="accepted, not confirmed",
        created_at=NOON,
        next_attempt_at=NOON,
        expires_at=NOON,
    )
    DeliveryAttempt.objects.create(delivery=row, at=NOON, ok=True, answer="", ms=900)
    assert "Accepted, not confirmed" in admin.get(reverse("delivery_list")).content.decode()
    page = admin.get(reverse("channel_test_state", args=[channel.pk, row.pk])).content.decode()
    assert "Accepted in 900 ms, not confirmed" in page and "Delivered" not in page
