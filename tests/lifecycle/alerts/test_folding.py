"""A failed dependency is told of once; those that wait for it are named in its alert and raise none."""

from __future__ import annotations

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.core.machine.states import State
from lifecycle.models import Channel, Delivery, Episode, ServiceState
from registry.models import Dependency, Role, Service
from tests.support.fleet import Fleet, at, make_rule
from tests.support.pages import signed_in

S = State
pytestmark = pytest.mark.django_db


def told() -> list[str]:
    return [row.payload["data"]["service"] for row in Delivery.objects.order_by("id")]


def need(service: Service, *others: Service) -> None:
    for other in others:
        Dependency.objects.create(service=service, depends_on=other)


@pytest.fixture
def maps(fleet: Fleet) -> Service:
    return fleet.service("maps")


@pytest.fixture
def weather(fleet: Fleet, maps: Service) -> Service:
    weather = fleet.service("weather")
    need(weather, maps)
    return weather


def lose_both(fleet: Fleet, maps: Service, weather: Service) -> None:
    fleet.move(maps, S.RECONNECTING, at(0))
    fleet.move(weather, S.RECONNECTING, at(1), held_by="maps")


def set_free(service: Service) -> None:
    ServiceState.objects.filter(service=service).update(held_by="")


def test_what_waits_for_a_failed_dependency_raises_nothing_however_long(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    make_rule(log_channel, name="Long down", condition="not-serving-for", seconds=60)
    lose_both(fleet, maps, weather)
    for second in (61, 3600, 36000):
        evaluate.tick(at(second))
    assert told() == ["maps", "maps"]
    waiting = Episode.objects.filter(service=weather)
    assert {(row.state, row.due_at) for row in waiting} == {("pending", None)}


def test_when_both_are_back_nothing_was_said_of_the_one_that_waited(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    lose_both(fleet, maps, weather)
    fleet.move(maps, S.HEALTHY, at(600), event="connected")
    set_free(weather)
    evaluate.tick(at(606))
    fleet.move(weather, S.HEALTHY, at(607), event="connected")
    evaluate.tick(at(700))
    assert told() == ["maps", "maps"]


def test_one_that_fails_on_after_its_dependency_is_back_is_told_of_half_a_minute_later(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    lose_both(fleet, maps, weather)
    fleet.move(maps, S.HEALTHY, at(600), event="connected")
    set_free(weather)
    evaluate.tick(at(606))
    assert evaluate.tick(at(635)) == 0
    assert evaluate.tick(at(636)) == 1
    assert told() == ["maps", "maps", "weather"]


def test_its_alert_comes_at_once_when_it_falls_further_after_that(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    lose_both(fleet, maps, weather)
    fleet.move(weather, S.UNREACHABLE, at(100), held_by="maps")
    fleet.move(weather, S.RECONNECTING, at(600), event="retry")
    assert told() == ["maps"]
    fleet.move(weather, S.UNREACHABLE, at(603))
    assert told() == ["maps", "weather"]


def test_the_alert_of_a_dependency_names_those_that_need_it(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    need(fleet.service("news"), weather)
    need(fleet.service("off", desired="stopped"), maps)
    fleet.move(maps, S.RECONNECTING, at(0), why="connection refused")
    data = Delivery.objects.get().payload["data"]
    assert data["message"] == "maps is RECONNECTING: connection refused (needed by 2 services: news, weather)"
    assert (data["dependents"], data["dependents_count"]) == (["news", "weather"], 2)


def test_an_alert_about_one_that_serves_names_nobody(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel, states=["WARNING"])
    fleet.move(maps, S.WARNING, at(0), event="slow")
    assert "needed by" not in Delivery.objects.get().payload["data"]["message"]


def test_of_many_that_need_it_the_first_are_named_and_the_rest_counted(
    fleet: Fleet, maps: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    for number in range(30):
        need(fleet.service(f"s-{number:02}"), maps)
    fleet.move(maps, S.RECONNECTING, at(0))
    data = Delivery.objects.get().payload["data"]
    assert data["message"].endswith("(needed by 30 services: s-00, s-01, s-02, s-03, s-04 and 25 more)")
    assert (len(data["dependents"]), data["dependents_count"]) == (20, 30)


def test_a_service_with_dependencies_is_not_blamed_before_they_were_looked_at(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fleet.move(weather, S.RECONNECTING, at(0))
    assert told() == []
    fleet.move(maps, S.RECONNECTING, at(2))
    ServiceState.objects.filter(service=weather).update(held_by="maps")
    evaluate.tick(at(10))
    evaluate.tick(at(600))
    assert told() == ["maps"]


def test_with_sound_dependencies_it_is_told_of_after_ten_seconds(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fleet.move(weather, S.RECONNECTING, at(0))
    assert evaluate.tick(at(9)) == 0
    assert evaluate.tick(at(10)) == 1
    assert told() == ["weather"]


def test_nothing_is_lost_where_no_rule_looks_at_the_dependency(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel, scope={"kind": "services", "values": ["weather"]})
    lose_both(fleet, maps, weather)
    evaluate.tick(at(11))
    assert told() == ["weather"]


def test_a_dependency_stopped_on_purpose_raises_nothing_about_those_that_need_it(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    Service.objects.filter(pk=maps.pk).update(desired="stopped")
    fleet.move(maps, S.DISCONNECTING, at(0), event="stop")
    fleet.move(maps, S.DISCONNECTED, at(1), event="closed")
    fleet.move(weather, S.RECONNECTING, at(5), held_by="maps")
    evaluate.tick(at(600))
    assert told() == []


def test_the_rule_that_told_of_the_dependency_is_gone_so_the_others_speak(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    on_maps = make_rule(log_channel, name="maps", scope={"kind": "services", "values": ["maps"]})
    make_rule(log_channel, name="weather", scope={"kind": "services", "values": ["weather"]})
    lose_both(fleet, maps, weather)
    admin = signed_in(Role.ADMIN)
    assert admin.post(f"/alerts/rules/{on_maps.pk}/delete/").status_code == 302
    assert Episode.objects.get(service=weather).due_at is not None


def test_the_alerts_page_says_why_nothing_was_told(
    fleet: Fleet, maps: Service, weather: Service, log_channel: Channel
) -> None:
    make_rule(log_channel)
    lose_both(fleet, maps, weather)
    viewer = signed_in(Role.VIEWER)
    page = viewer.get("/alerts/").content.decode()
    assert "Not sent: a dependency is not serving: maps." in page
    listed = viewer.get("/api/v1/episodes").json()["results"]
    assert {row["service"]: row["waits_for"] for row in listed} == {"weather": ["maps"], "maps": []}
    set_free(weather)
    assert "it has 30 s to recover" in viewer.get("/alerts/").content.decode()
