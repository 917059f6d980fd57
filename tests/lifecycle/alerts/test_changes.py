"""What stands still is not looked at again, and nothing that moved is missed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.episodes.changes import MOST, Watch
from lifecycle.core.machine.states import State as S
from lifecycle.live.feed import feed
from lifecycle.models import Channel, Command, Delivery, Episode, FeedItem, MonitoringSettings, ServiceState
from registry.models import RegistryHead, Service
from tests.support.fleet import Fleet, at, make_rule, sent
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def watch(fleet: Fleet) -> Watch:
    made = Watch()
    assert made.look(at(0)).services is None
    return made


def test_what_stands_still_is_not_looked_at(watch: Watch) -> None:
    assert (watch.look(at(5)).services, watch.look(at(10)).telling) == (frozenset(), False)


def test_services_that_moved_are_looked_at_once(fleet: Fleet, watch: Watch) -> None:
    one, two = fleet.service("one"), fleet.service("two")
    feed.note(FeedItem.Kind.SERVICE, one.pk, at(1))
    command = Command.objects.create(service=two, kind="stop", requested_by="ann", created_at=at(2))
    feed.note(FeedItem.Kind.COMMAND, command.pk, at(2))
    assert watch.look(at(5)).services == frozenset({one.pk, two.pk})
    assert watch.look(at(10)).services == frozenset()


@pytest.mark.parametrize("what", ["rule", "configuration", "many", "time", "clock"])
def test_everything_is_looked_at_when_that_may_matter(fleet: Fleet, watch: Watch, what: str) -> None:
    now = at(5)
    match what:
        case "rule":
            make_rule(name="new")
        case "configuration":
            RegistryHead.objects.update_or_create(pk=1, defaults={"revision": 99})
        case "many":
            feed.note_all(FeedItem.Kind.SERVICE, range(1, MOST + 2), at(1))
        case "time":
            now = at(600)
        case "clock":
            now = at(-1)
    assert watch.look(now).services is None


def test_a_channel_that_is_new_and_a_silence_that_ended_are_caught_up_with(
    fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule()
    fleet.move(fleet.service(), S.RECONNECTING, at(0))
    evaluate.tick(at(1))
    rule.channels.add(log_channel)
    evaluate.tick(at(6))
    assert sent() == ["firing"]
    off = {"changes": {"alerts_enabled": False}, "updated_at": at(7)}
    MonitoringSettings.objects.update_or_create(pk=1, defaults=off)
    rule.channels.add(make_channel("late"))
    evaluate.tick(at(11))
    assert sent() == ["firing"]
    MonitoringSettings.objects.update(changes={})
    evaluate.tick(at(16))
    assert sent() == ["firing", "firing"]


def test_a_service_that_gave_up_and_is_stopped_without_a_transition_ends_its_alert(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, states=["DISCONNECTED"])
    service = fleet.service()
    fleet.move(service, S.DISCONNECTED, at(0), event="give-up")
    evaluate.tick(at(1))
    Service.objects.filter(pk=service.pk).update(desired="stopped")
    command = Command.objects.create(service=service, kind="stop", requested_by="ann", created_at=at(2))
    feed.note(FeedItem.Kind.COMMAND, command.pk, at(2))
    evaluate.tick(at(6))
    assert Episode.objects.get().ending == "stopped"


def test_a_tick_costs_the_same_with_many_services_that_are_down(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=60)
    make_rule(log_channel, name="metric", condition="metric", metric="error_rate", threshold=0.5)
    counts = []
    for first, many in ((0, 1), (100, 30)):
        for number in range(many):
            fleet.move(fleet.service(f"s{first + number}"), S.RECONNECTING, at(first))
        evaluate.tick(at(first + 60))
        evaluate.tick(at(first + 61))
        with CaptureQueriesContext(connection) as seen:
            evaluate.tick(at(first + 95))
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_more_than_one_part_of_what_is_over_is_ended_in_the_next_moments(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    for number in range(130):
        fleet.move(fleet.service(f"s{number}"), S.RECONNECTING, at(0))
    ServiceState.objects.update(state="HEALTHY", not_serving_since=None)
    evaluate.tick(at(1))
    assert Episode.objects.exclude(state="resolved").count() == 30
    evaluate.tick(at(1) + timedelta(seconds=1))
    assert not Episode.objects.exclude(state="resolved").exists()
    assert Delivery.objects.filter(kind="resolved").count() == 130
