"""A channel that comes while an alert is open is told of it once."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import transaction

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox import late_channels
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Delivery, Episode
from tests.support.fleet import Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


def test_a_channel_that_comes_while_an_alert_is_open_is_told_once_and_hears_of_the_end(
    fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule()
    service, taken = fleet.service(), fleet.service("taken")
    for one in (service, taken):
        fleet.move(one, S.UNREACHABLE, at(0))
    Episode.objects.filter(service=taken).update(state="acknowledged")
    assert sent() == []
    rule.channels.add(log_channel)
    for second in (60, 120):
        evaluate.sweep(at(second))
        assert sent() == ["firing"]
    said = Delivery.objects.get()
    assert said.payload["data"]["message"] == "weather is UNREACHABLE: refused"
    assert said.payload["data"]["fired_at"] == "2026-11-21T12:00:00.000Z"
    fleet.move(service, S.HEALTHY, at(130), event="connected")
    assert sent() == ["firing", "resolved"]


@pytest.mark.parametrize("meanwhile", ["resolved", "rule deleted", "channel deleted", "switched off again"])
def test_what_ended_between_the_looking_and_the_telling_is_told_to_no_channel_that_is_new(
    fleet: Fleet, log_channel: Channel, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    rule = make_rule(log_channel)
    fleet.move(fleet.service(), S.RECONNECTING, at(10))
    late = Channel.objects.create(name="late", kind="console", sealed="", summary="", created_at=at(5))
    rule.channels.add(late)
    ends: dict[str, Callable[[], object]] = {
        "resolved": lambda: Episode.objects.update(state="resolved", resolved_at=at(20), ending="recovered"),
        "rule deleted": rule.delete,
        "channel deleted": late.delete,
        "switched off again": lambda: Channel.objects.filter(pk=late.pk).update(enabled=False),
    }

    def begin() -> transaction.Atomic:
        ends[meanwhile]()
        return transaction.atomic()

    monkeypatch.setattr(late_channels, "transaction", SimpleNamespace(atomic=begin))
    assert late_channels.catch_up(at(20), 40) == 0
    assert not Delivery.objects.filter(channel=late.pk).exists()


def test_a_channel_that_is_switched_on_while_an_alert_is_open_is_told_then(
    fleet: Fleet, log_channel: Channel
) -> None:
    Channel.objects.update(enabled=False)
    make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    evaluate.sweep(at(60))
    assert sent() == []
    Channel.objects.update(enabled=True)
    evaluate.sweep(at(70))
    assert sent() == ["firing"]
