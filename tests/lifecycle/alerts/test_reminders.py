"""A rule may remind, and keep firing for a while; both belong to the episode."""

from __future__ import annotations

import pytest

from lifecycle.alerts.episodes import evaluate, operations
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.silences import operations as silences
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Delivery, Episode
from tests.support.fleet import Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


def firing(fleet: Fleet, channel: Channel, **fields: int) -> None:
    make_rule(channel, **fields)
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    Delivery.objects.update(state="delivered", delivered_at=at(1))


def test_what_still_fires_is_sent_again_until_somebody_takes_it_on(
    fleet: Fleet, log_channel: Channel
) -> None:
    firing(fleet, log_channel, reminder_seconds=600)
    for second in (599, 600, 605, 1199, 1200):
        evaluate.sweep(at(second))
    assert sent() == ["firing", "reminder", "reminder"]
    said = Delivery.objects.latest("pk").payload
    assert said["type"] == "alert.reminder"
    assert said["data"]["message"] == "Still firing after 20 min: weather is UNREACHABLE: refused"
    operations.acknowledge(Episode.objects.get().pk, by="ann", now=at(1300))
    evaluate.sweep(at(5000))
    assert sent() == ["firing", "reminder", "reminder"]


def test_a_reminder_that_waits_when_somebody_takes_it_on_is_not_sent(
    fleet: Fleet, log_channel: Channel
) -> None:
    firing(fleet, log_channel, reminder_seconds=600)
    evaluate.sweep(at(600))
    operations.acknowledge(Episode.objects.get().pk, by="ann", now=at(601))
    assert queue.take(log_channel.pk, at(700), Pacing()) is None
    assert Delivery.objects.get(kind="reminder").state == "superseded"


def test_a_reminder_that_a_silence_held_comes_when_it_is_over_and_not_a_full_interval_later(
    fleet: Fleet, log_channel: Channel
) -> None:
    firing(fleet, log_channel, reminder_seconds=600)
    silences.add({"starts_at": at(10), "ends_at": at(900)}, by="ann", now=at(10))
    evaluate.sweep(at(700))
    assert sent() == ["firing"]
    evaluate.sweep(at(900))
    assert sent() == ["firing", "reminder"]


def test_a_service_that_comes_and_goes_is_one_alert_where_the_rule_keeps_firing(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, keep_firing_seconds=300)
    service = fleet.service()
    for second in range(0, 400, 100):
        fleet.move(service, S.RECONNECTING, at(second))
        fleet.move(service, S.HEALTHY, at(second + 10), event="connected")
        evaluate.sweep(at(second + 50))
    assert sent() == ["firing"]
    evaluate.sweep(at(609))
    assert sent() == ["firing"]
    evaluate.sweep(at(610))
    assert sent() == ["firing", "resolved"]


def test_what_a_person_stops_ends_at_once_whatever_the_rule_keeps(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, keep_firing_seconds=300)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    type(service).objects.filter(pk=service.pk).update(desired="stopped")
    evaluate.sweep(at(10))
    assert sent() == ["firing", "resolved"]
