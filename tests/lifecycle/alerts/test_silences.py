"""What is silenced is not told, what was told gets its end, and the rest comes when the silence is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate, operations
from lifecycle.alerts.silences import operations as silences
from lifecycle.alerts.windows import operations as windows
from lifecycle.core.machine.states import State as S
from lifecycle.models import (
    Channel,
    Command,
    Delivery,
    Episode,
    EpisodeNote,
    MaintenancePeriod,
    MonitoringGap,
    Silence,
)
from lifecycle.monitoring.uptime import history
from registry.errors import InvalidConfigError
from tests.support.fleet import NOON, Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


def silence(begin: float = 0, end: float = 3600, **values: Any) -> Silence:
    return silences.add({"starts_at": at(begin), "ends_at": at(end), **values}, by="ann", now=at(begin))


def test_what_is_silenced_is_traced_and_not_told_and_comes_at_once_when_the_silence_is_over(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    silence(services=["weather"], comment="we know")
    fleet.move(service, S.UNREACHABLE, at(10))
    evaluate.sweep(at(3599))
    assert sent() == []
    episode = Episode.objects.get()
    assert episode.state == "firing"
    note = EpisodeNote.objects.get()
    assert (note.kind, note.by, note.text) == ("silenced", "ann", "we know (until 2026-11-21T13:00Z)")
    evaluate.sweep(at(3600))
    assert sent() == ["firing"]
    evaluate.sweep(at(3700))
    assert sent() == ["firing"]


def test_who_recovers_within_the_silence_is_told_of_neither(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    silence()
    fleet.move(service, S.UNREACHABLE, at(10))
    fleet.move(service, S.HEALTHY, at(20), event="connected")
    evaluate.sweep(at(4000))
    assert sent() == []
    assert Episode.objects.get().state == "resolved"


def test_who_was_told_before_the_silence_gets_the_end_within_it_and_nothing_twice(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    one, two = fleet.service("one"), fleet.service("two")
    for service in (one, two):
        fleet.move(service, S.UNREACHABLE, at(0))
    Delivery.objects.update(state=Delivery.State.DELIVERED, attempts=1, delivered_at=at(5))
    silence(10)
    fleet.move(one, S.HEALTHY, at(20), event="connected")
    assert sent() == ["firing", "firing", "resolved"]
    evaluate.sweep(at(4000))
    assert sent() == ["firing", "firing", "resolved"]
    fleet.move(two, S.HEALTHY, at(4010), event="connected")
    assert sent() == ["firing", "firing", "resolved", "resolved"]


def test_what_still_waits_in_the_queue_is_kept_by_a_silence_and_comes_when_it_is_over(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    over, firing, other = fleet.service("over"), fleet.service("firing"), fleet.service("other")
    for service in (over, firing, other):
        fleet.move(service, S.UNREACHABLE, at(0))
    silence(5, services=["over", "firing"])
    assert [row.episode.service for row in Delivery.objects.all() if row.episode] == [other]
    fleet.move(over, S.HEALTHY, at(20), event="connected")
    assert sent() == ["firing"]
    evaluate.sweep(at(4000))
    told = [row.episode.service for row in Delivery.objects.order_by("pk") if row.episode]
    assert told == [other, firing]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"services": ["paid"]}, ["free"]),
        ({"tags": ["eu"]}, ["free"]),
        ({"tags": ["eu"], "services": ["free"]}, ["free", "paid"]),
        ({}, []),
    ],
)
def test_a_silence_is_of_its_services_and_tags(
    fleet: Fleet, log_channel: Channel, target: dict[str, Any], told: list[str]
) -> None:
    make_rule(log_channel)
    free, paid = fleet.service("free", tags=["us"]), fleet.service("paid", tags=["eu"])
    silence(**target)
    for service in (free, paid):
        fleet.move(service, S.UNREACHABLE, at(10))
    names = Delivery.objects.order_by("episode__service__name").values_list(
        "episode__service__name", flat=True
    )
    assert list(names) == told


def test_a_silence_of_one_rule_leaves_the_others(fleet: Fleet, log_channel: Channel) -> None:
    quiet, loud = make_rule(log_channel), make_rule(log_channel, name="loud")
    service = fleet.service()
    silence(rules=[quiet.pk])
    fleet.move(service, S.UNREACHABLE, at(10))
    assert [one.episode.rule for one in Delivery.objects.all() if one.episode] == [loud]


def test_a_snooze_is_of_one_rule_and_one_service(fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    episode = Episode.objects.get()
    made = silences.snooze(episode, 60, by="ann", now=at(5))
    assert (made.services, made.rules, made.ends_at) == (["weather"], [rule.pk], at(3605))
    assert EpisodeNote.objects.filter(episode=episode, kind="silenced").exists()


def test_one_that_is_ended_early_ends_at_once(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    made = silence()
    fleet.move(fleet.service(), S.UNREACHABLE, at(10))
    assert silences.end(made, by="bob", now=at(20))
    evaluate.sweep(at(21))
    assert sent() == ["firing"]
    assert not silences.end(made, by="bob", now=at(30))


def test_what_was_acknowledged_within_the_silence_is_in_good_hands(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    silence()
    fleet.move(fleet.service(), S.UNREACHABLE, at(10))
    assert operations.acknowledge(Episode.objects.get().pk, by="ann", now=at(20))
    evaluate.sweep(at(4000))
    assert sent() == []


@pytest.mark.parametrize(
    ("where", "values"),
    [
        ("ends_at", {"ends_at": at(0)}),
        ("ends_at", {"ends_at": at(0) + timedelta(days=400)}),
        ("services", {"services": ["nobody"]}),
        ("rules", {"rules": [77]}),
    ],
)
def test_a_silence_that_says_nothing_is_refused(db: None, where: str, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        silences.add({"starts_at": at(0), "ends_at": at(60), **values}, by="ann", now=at(0))
    assert caught.value.where == where


def window(start: datetime = NOON, **values: Any) -> Any:
    given = {"name": "patch day", "start": start, "minutes": 60, "rule": "", "zone": "UTC", **values}
    return windows.save(None, given, by="ann", now=NOON - timedelta(hours=1))


def test_maintenance_is_not_told_does_not_count_and_is_looked_at_again_at_its_end(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    inside, outside = fleet.service("inside", tags=["db"]), fleet.service("outside")
    window(tags=["db"])
    evaluate.sweep(at(1))
    for service in (inside, outside):
        fleet.move(service, S.UNREACHABLE, at(60))
    assert [row.episode.service for row in Delivery.objects.all() if row.episode] == [outside]
    assert EpisodeNote.objects.get().kind == "maintenance"
    gap = MonitoringGap.objects.get()
    assert (gap.service, gap.began_at, gap.ended_at) == (inside, NOON, at(3600))
    account = history.load([inside.pk], at(0).timestamp(), at(4000).timestamp())[inside.pk]
    assert account.account(at(0).timestamp(), at(3600).timestamp()).excluded == 3600
    evaluate.sweep(at(3601))
    assert [(one.service, one.kind, one.requested_by) for one in Command.objects.all()] == [
        (inside, "reconnect", "maintenance")
    ]
    evaluate.sweep(at(3625))
    assert sent() == ["firing"]
    evaluate.sweep(at(3631))
    assert sent() == ["firing", "firing"]


def test_maintenance_that_ends_well_ends_without_a_false_down(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    window()
    fleet.move(service, S.UNREACHABLE, at(60))
    evaluate.sweep(at(3601))
    fleet.move(service, S.HEALTHY, at(3610), event="connected")
    evaluate.sweep(at(3700))
    assert sent() == []


def test_planned_maintenance_is_there_beforehand_and_a_change_of_it_plans_anew(fleet: Fleet) -> None:
    row = window(rule="FREQ=DAILY")
    assert MaintenancePeriod.objects.count() == 8
    windows.save(row, {"start": NOON + timedelta(hours=2)}, by="ann", now=NOON - timedelta(hours=1))
    first = MaintenancePeriod.objects.first()
    assert first is not None and first.began_at == NOON + timedelta(hours=2)
    evaluate.sweep(NOON + timedelta(days=30))
    assert MaintenancePeriod.objects.count() >= 37  # nobody was there meanwhile, and each day counts


def test_maintenance_that_is_ended_early_counts_from_then_on(fleet: Fleet) -> None:
    service = fleet.service()
    row = window()
    evaluate.sweep(at(1))
    assert windows.end_now(row, by="ann", now=at(600))
    evaluate.sweep(at(605))
    assert [(gap.service, gap.ended_at) for gap in MonitoringGap.objects.all()] == [(service, at(600))]
    assert not windows.end_now(row, by="ann", now=at(700))


def test_a_window_that_begins_keeps_what_waits_in_the_queue_as_a_silence_does(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    values = {"name": "patch day", "start": at(5), "minutes": 1, "rule": "", "zone": "UTC"}
    windows.save(None, values, by="ann", now=at(-60))
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    assert sent() == ["firing"]
    evaluate.sweep(at(6))
    assert sent() == []
    assert EpisodeNote.objects.get().kind == "maintenance"
    evaluate.sweep(at(96))
    assert sent() == ["firing"]


def test_a_window_takes_nothing_back_that_was_tried(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    values = {"name": "patch day", "start": at(5), "minutes": 1, "rule": "", "zone": "UTC"}
    windows.save(None, values, by="ann", now=at(-60))
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    Delivery.objects.update(attempts=1)
    evaluate.sweep(at(6))
    assert sent() == ["firing"]


def test_a_window_takes_no_beginning_back_whose_end_waits_with_it(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    values = {"name": "patch day", "start": at(5), "minutes": 1, "rule": "", "zone": "UTC"}
    windows.save(None, values, by="ann", now=at(-60))
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.move(service, S.HEALTHY, at(3), event="connected")
    evaluate.sweep(at(6))
    assert sent() == ["firing", "resolved"]
