"""Alerts fire by the transitions and the clock, and only for what the rule is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.alerts.episodes import evaluate, rows
from lifecycle.alerts.episodes.rows import Draft
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.rules.defaults import ensure
from lifecycle.core.alerting.evaluate import Phase
from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Delivery, Episode, FeedItem, ServiceState
from lifecycle.services.diagnosis.diagnosis import Facts, diagnose
from registry.models import Service
from tests.support.fleet import Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


def test_a_loss_fires_at_once_and_the_recovery_is_told(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(10), why="connection refused")
    episode = Episode.objects.get()
    assert (episode.state, episode.fired_at) == ("firing", at(10))
    assert episode.summary == "weather is RECONNECTING: connection refused"
    fleet.move(service, S.UNREACHABLE, at(40))
    fleet.move(service, S.HEALTHY, at(75), event="connected")
    episode.refresh_from_db()
    assert (episode.state, episode.ending, episode.resolved_at) == ("resolved", "recovered", at(75))
    assert sent() == ["firing", "resolved"]
    assert (
        Delivery.objects.get(kind="resolved").payload["data"]["message"]
        == "weather serves again after 1 min 5 s"
    )
    assert FeedItem.objects.filter(kind="alert", ref=episode.pk).count() == 2


def test_a_service_that_only_lacks_a_token_is_told_of_as_needing_sign_in_and_not_as_down(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    make_rule(log_channel, name="Not serving", condition="not-serving-for", seconds=60)
    make_rule(log_channel, name="Sign-in", condition="needs-sign-in", for_seconds=15)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(10), why="HTTP 401", kind=Kind.AUTH)
    assert evaluate.tick(at(24)) == 0
    assert evaluate.tick(at(25)) == 1
    assert evaluate.sweep(at(200)) == 0
    said = "weather needs sign-in: it is up, but does not let the console in (HTTP 401)"
    assert Episode.objects.get().summary == said
    data = Delivery.objects.get().payload["data"]
    assert (data["needs"], data["state"], data["message"]) == ("sign-in", "UNREACHABLE", said)


def test_a_rule_with_words_of_its_own_keeps_them_for_a_missing_sign_in(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="needs-sign-in", message="Look at {service}")
    fleet.move(fleet.service(), S.UNREACHABLE, at(10), why="HTTP 401", kind=Kind.AUTH)
    assert Episode.objects.get().summary == "Look at weather"


def test_an_alert_carries_the_likely_cause_what_to_do_and_when_it_is_tried_again(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, for_seconds=15)
    fleet.move(fleet.service(), S.RECONNECTING, at(0))
    ServiceState.objects.update(next_retry_at=at(31), error_kind="spawn", error_cause="no-command")
    evaluate.tick(at(15))
    data = Delivery.objects.get().payload["data"]
    asked = Facts(state=S.RECONNECTING, kind=Kind.SPAWN, exactly=Cause.NO_COMMAND)
    assert data["cause"] == diagnose(asked).cause != diagnose(replace(asked, exactly=None)).cause
    assert data["advice"] == list(diagnose(asked).todo) != []
    assert data["next_try"] == "2026-11-21T12:00:31.000Z"


def test_one_services_cooldown_does_not_silence_another(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    one, two = fleet.service("one"), fleet.service("two")
    for service in (one, two):
        fleet.move(service, S.RECONNECTING, at(0))
    assert Episode.objects.filter(state="firing").count() == 2


def test_a_second_loss_within_the_cooldown_waits_for_its_end_and_fires_only_if_still_down(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(10), event="connected")
    fleet.move(service, S.RECONNECTING, at(20))
    fleet.move(service, S.HEALTHY, at(30), event="connected")
    assert sent() == ["firing", "resolved"]
    fleet.move(service, S.RECONNECTING, at(40))
    assert evaluate.tick(at(299)) == 0
    assert evaluate.tick(at(300)) == 1
    assert sent() == ["firing", "resolved", "firing"]


def test_not_serving_for_fires_when_due_and_does_not_start_anew_between_down_states(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=300)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.UNREACHABLE, at(200), event="exhausted")
    fleet.move(service, S.RECONNECTING, at(290), event="retry")
    assert Episode.objects.get().state == "pending"
    assert evaluate.tick(at(299)) == 0
    assert evaluate.tick(at(300)) == 1


def test_not_serving_for_ends_in_silence_when_the_service_is_back_in_time(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=300)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(299), event="connected")
    evaluate.tick(at(301))
    assert Episode.objects.get().state == "resolved"
    assert sent() == []


@pytest.mark.parametrize("after", [S.RECONNECTING, S.UNREACHABLE])
def test_a_first_connection_that_fails_raises(fleet: Fleet, log_channel: Channel, after: S) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.INITIALIZING, at(0), event="registered")
    fleet.move(service, after, at(1), event="connect-failed")
    assert sent() == ["firing"]


@pytest.mark.parametrize("desired", ["running", "stopped"])
def test_what_a_person_does_to_a_sound_service_raises_nothing(
    fleet: Fleet, log_channel: Channel, desired: str
) -> None:
    make_rule(log_channel, states=["RECONNECTING", "INITIALIZING", "DISCONNECTED"])
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0), asked=True, why="")
    fleet.move(service, S.HEALTHY, at(1), event="connected")
    fleet.ask(service, "restart", at(10), desired=desired)
    fleet.move(service, S.DISCONNECTING, at(10), event="stop", asked=True)
    fleet.move(service, S.DISCONNECTED, at(11), event="closed")
    if desired == "running":
        fleet.move(service, S.INITIALIZING, at(12), event="start", asked=True, why="")
        fleet.move(service, S.HEALTHY, at(14), event="connected")
    evaluate.tick(at(400))
    assert sent() == []


def test_a_redeploy_that_is_back_at_once_raises_nothing_by_the_shipped_rule(
    fleet: Fleet, log_channel: Channel
) -> None:
    ensure(at(0))
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(1), event="connected")
    evaluate.tick(at(20))
    assert not Episode.objects.filter(fired_at__isnull=False).exists()
    fleet.move(service, S.RECONNECTING, at(30))
    assert (evaluate.tick(at(44)), evaluate.tick(at(45))) == (0, 1)


def test_giving_up_is_no_intentional_stop(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, states=["DISCONNECTED"])
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.move(service, S.DISCONNECTED, at(10), event="give-up")
    assert Episode.objects.get().state == "firing"


def test_a_loss_after_the_stop_was_asked_for_raises_nothing(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    type(service).objects.filter(pk=service.pk).update(desired="stopped")
    fleet.move(service, S.RECONNECTING, at(0))
    assert not Episode.objects.exists()


def test_a_rule_made_while_a_service_is_down_counts_from_when_it_went_down(
    fleet: Fleet, log_channel: Channel
) -> None:
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    make_rule(log_channel, condition="not-serving-for", seconds=60)
    assert evaluate.sweep(at(59)) == 0
    assert Episode.objects.get().due_at == at(60)
    assert evaluate.tick(at(60)) == 1


def test_a_rule_looks_only_at_the_services_in_its_scope(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, scope={"kind": "tags", "values": ["paid"]})
    fleet.move(fleet.service("free", tags=["free"]), S.UNREACHABLE, at(0))
    fleet.move(fleet.service("paid", tags=["paid", "eu"]), S.UNREACHABLE, at(0))
    assert list(Episode.objects.values_list("service__name", flat=True)) == ["paid"]


def test_a_storm_is_worked_off_in_parts(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=60)
    for number in range(120):
        fleet.move(fleet.service(f"s{number}"), S.RECONNECTING, at(0))
    assert [evaluate.tick(at(60 + second)) for second in range(3)] == [100, 20, 0]


def test_many_alerts_that_fire_together_cost_as_many_queries_as_two(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=60, cooldown_seconds=0)
    counts = []
    for first, many in ((0, 2), (200, 40)):
        for number in range(many):
            fleet.move(fleet.service(f"s{first + number}"), S.RECONNECTING, at(first))
        evaluate.tick(at(first + 59))
        with CaptureQueriesContext(connection) as seen:
            assert evaluate.tick(at(first + 60)) == many
        counts.append(len(seen))
        for service in Service.objects.filter(removed_at=None):
            fleet.move(service, S.HEALTHY, at(first + 61), event="connected")
    assert counts[0] == counts[1]


def test_of_many_that_are_written_together_one_that_somebody_else_moved_is_left_alone(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    for name in ("one", "two", "three"):
        fleet.move(fleet.service(name), S.RECONNECTING, at(0))
    taken = Episode.objects.get(service__name="two")
    drafts = [
        Draft(row, row.rule, row.service, replace(rule_values.episode_of(row), phase=Phase.RESOLVED), at(9))
        for row in Episode.objects.select_related("rule", "service").order_by("pk")
        if row.service
    ]
    Episode.objects.filter(pk=taken.pk).update(state="acknowledged")
    assert [row is not None for row in rows.write(drafts)] == [True, False, True]
    found = Episode.objects.order_by("pk").values_list("state", "resolved_at")
    assert list(found) == [("resolved", at(9)), ("acknowledged", None), ("resolved", at(9))]


def test_changing_how_long_applies_to_what_is_pending(fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel, condition="not-serving-for", seconds=300)
    fleet.move(fleet.service(), S.RECONNECTING, at(0))
    rule.seconds = 60
    rule.save()
    evaluate.reconsider(rule, at(10))
    assert Episode.objects.get().due_at == at(60)


def test_without_rules_a_transition_costs_one_query(fleet: Fleet, django_assert_num_queries: object) -> None:
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    from lifecycle.alerts.episodes.moves import Move
    from lifecycle.core.machine.moves import Change
    from lifecycle.models import ServiceState

    row = ServiceState.objects.select_related("service").get()
    change = Change(before=None, after=S.HEALTHY, event="x", reason="")
    with django_assert_num_queries(1):  # type: ignore[operator]
        evaluate.on_change([Move(row=row, change=change, now=at(1))])


def test_a_quiet_second_costs_one_query(
    fleet: Fleet, log_channel: Channel, django_assert_num_queries: object
) -> None:
    make_rule(log_channel)
    evaluate.tick(at(0))
    with django_assert_num_queries(1):  # type: ignore[operator]
        evaluate.tick(at(1))
