"""Most services fail at once: one event, one alert, one recovery."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lifecycle.alerts.senders.email import subject_of
from lifecycle.alerts.senders.letter import Letter
from lifecycle.engine.worker import mass_failure
from lifecycle.models import AlertRule, Channel, Delivery, Episode, FeedItem, MassFailure, ServiceState
from registry.models import Service
from tests.support.fleet import Fleet, at, make_rule

INTERVAL = timedelta(seconds=30)


@pytest.fixture
def ten(fleet: Fleet) -> list[Service]:
    services = [fleet.service(f"s{number}") for number in range(10)]
    ServiceState.objects.update(last_success_at=at(0))
    return services


def fail(services: list[Service]) -> None:
    rows = ServiceState.objects.filter(service__in=services)
    rows.update(consecutive_failures=1, state="RECONNECTING")


def recover(services: list[Service], seconds: float) -> None:
    rows = ServiceState.objects.filter(service__in=services)
    rows.update(consecutive_failures=0, state="HEALTHY", last_success_at=at(seconds))


def look(seconds: float) -> None:
    mass_failure.look("w", INTERVAL, at(seconds))


def mass_rule(*channels: Channel, **fields: Any) -> AlertRule:
    return make_rule(*channels, name="Most fail", condition="mass-failure", states=[], **fields)


def test_more_than_half_at_once_is_one_event_that_ends_by_itself(ten: list[Service]) -> None:
    fail(ten[:5])
    look(10)
    assert not MassFailure.objects.exists()
    fail(ten[:6])
    look(12)
    look(14)
    mass = MassFailure.objects.get()
    assert (mass.open, mass.began_at, mass.failing, mass.total) == (True, at(12), 6, 10)
    assert mass_failure.is_under_way()
    fail(ten[:9])
    look(16)
    recover(ten[:6], 20)
    look(22)
    assert mass_failure.is_under_way()
    recover(ten[:7], 24)
    recover(ten[7:8], 24)
    look(26)
    mass.refresh_from_db()
    assert (mass.open, mass.ended_at, mass.failing) == (False, at(26), 9)
    assert FeedItem.objects.filter(kind="mass").count() == 2


def test_what_failed_one_by_one_over_minutes_is_none(ten: list[Service]) -> None:
    fail(ten)
    look(300)
    assert not MassFailure.objects.exists()


def test_services_that_a_person_stopped_do_not_count(ten: list[Service]) -> None:
    fail(ten[:6])
    Service.objects.filter(pk__in=[service.pk for service in ten[:4]]).update(desired="stopped")
    look(10)
    assert not MassFailure.objects.exists()


def test_it_is_told_once_and_its_end_once(ten: list[Service], log_channel: Channel) -> None:
    mass_rule(log_channel)
    fail(ten[:8])
    look(10)
    look(12)
    episode = Episode.objects.get()
    assert (episode.service, episode.state, episode.opened_at) == (None, "firing", at(10))
    assert episode.summary.startswith("8 of 10 services fail at once")
    recover(ten, 20)
    look(70)
    look(72)
    episode.refresh_from_db()
    assert (episode.state, episode.ending) == ("resolved", "recovered")
    first, last = Delivery.objects.order_by("id")
    assert (first.kind, last.kind) == ("firing", "resolved")
    assert first.payload["data"]["service"] is None
    assert first.payload["data"]["url"].endswith("/services/?sort=failing")
    assert last.payload["data"]["message"] == "Most services serve again after 1 min"
    assert _subject(first) == f"[ERROR] {episode.summary} (Most fail)"
    assert _subject(last) == f"Re: {_subject(first)}"


def _subject(delivery: Delivery) -> str:
    began = delivery.beginning.payload if delivery.beginning else None
    given: Any = {"message_id": delivery.message_id, "thread": None, "config": None, "now": at(0)}
    given["began"] = began
    return subject_of(Letter(kind=delivery.kind, payload=delivery.payload, **given))


def test_one_that_comes_back_within_the_cooldown_is_told_at_its_end(
    ten: list[Service], log_channel: Channel
) -> None:
    mass_rule(log_channel, cooldown_seconds=300)
    fail(ten)
    look(10)
    recover(ten, 20)
    look(22)
    fail(ten)
    look(30)
    assert Episode.objects.count() == 1
    look(310)
    assert Episode.objects.filter(state="firing").count() == 1


@pytest.mark.parametrize(
    ("change", "ending"),
    [({"enabled": False}, "rule-off"), ({"condition": "not-serving-for"}, "rule-changed")],
)
def test_whoever_was_told_of_a_mass_failure_hears_that_its_rule_was_changed(
    ten: list[Service], log_channel: Channel, change: dict[str, Any], ending: str
) -> None:
    mass_rule(log_channel)
    fail(ten)
    look(10)
    AlertRule.objects.update(**change)
    look(12)
    assert Episode.objects.get().ending == ending
    told = Delivery.objects.get(kind="resolved").payload["data"]
    assert told["ending"] == ending and "the services are failing now" in told["message"]


def test_a_quiet_look_costs_two_queries(ten: list[Service], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        look(10)
