"""Episodes and messages follow the transitions and the clock."""

from __future__ import annotations

import pytest

from lifecycle.alerts import evaluation
from lifecycle.core.health import Kind
from lifecycle.core.states import State
from lifecycle.models import Channel, Delivery, Episode, FeedItem
from tests.alerts.conftest import Fleet, at, make_rule

S = State
pytestmark = pytest.mark.django_db


def sent() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("kind", flat=True))


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
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(10), why="HTTP 401", kind=Kind.AUTH)
    said = "weather needs sign-in: it is up, but does not let the console in (HTTP 401)"
    assert Episode.objects.get().summary == said
    data = Delivery.objects.get().payload["data"]
    assert (data["needs"], data["state"], data["message"]) == ("sign-in", "UNREACHABLE", said)


def test_a_rule_with_words_of_its_own_keeps_them_for_a_missing_sign_in(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, message="Look at {service}")
    fleet.move(fleet.service(), S.UNREACHABLE, at(10), why="HTTP 401", kind=Kind.AUTH)
    assert Episode.objects.get().summary == "Look at weather"


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
    assert evaluation.tick(at(299)) == 0
    assert evaluation.tick(at(300)) == 1
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
    assert evaluation.tick(at(299)) == 0
    assert evaluation.tick(at(300)) == 1


def test_not_serving_for_ends_in_silence_when_the_service_is_back_in_time(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=300)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(299), event="connected")
    evaluation.tick(at(301))
    assert Episode.objects.get().state == "resolved"
    assert sent() == []


@pytest.mark.parametrize("after", [S.RECONNECTING, S.UNREACHABLE])
def test_a_first_connection_that_fails_raises(fleet: Fleet, log_channel: Channel, after: State) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.INITIALIZING, at(0), event="registered")
    fleet.move(service, after, at(1), event="connect-failed")
    assert sent() == ["firing"]


def test_an_intentional_stop_raises_nothing_and_ends_what_was_open_in_silence(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, states=["RECONNECTING", "DISCONNECTED"])
    service = fleet.service()
    fleet.move(service, S.DISCONNECTING, at(0), event="stop")
    fleet.move(service, S.DISCONNECTED, at(1), event="closed")
    assert not Episode.objects.exists()
    fleet.move(service, S.RECONNECTING, at(10), event="reconnect")
    fleet.move(service, S.DISCONNECTING, at(20), event="stop")
    assert Episode.objects.get().ending == "stopped"
    assert sent() == ["firing"]


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


def test_stopping_a_service_that_gave_up_ends_its_episode_at_the_next_sweep(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, states=["UNREACHABLE"])
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.move(service, S.DISCONNECTED, at(10), event="give-up")
    type(service).objects.filter(pk=service.pk).update(desired="stopped")
    evaluation.sweep(at(20))
    assert Episode.objects.get().ending == "stopped"


def test_a_rule_made_while_a_service_is_down_counts_from_when_it_went_down(
    fleet: Fleet, log_channel: Channel
) -> None:
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    make_rule(log_channel, condition="not-serving-for", seconds=60)
    assert evaluation.sweep(at(59)) == 0
    assert Episode.objects.get().due_at == at(60)
    assert evaluation.tick(at(60)) == 1


def test_a_disabled_rule_ends_its_episodes_without_a_word(fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    rule.enabled = False
    rule.save()
    evaluation.reconsider(rule, at(1))
    assert Episode.objects.get().ending == "rule-changed"
    assert sent() == ["firing"]


def test_a_rule_looks_only_at_the_services_in_its_scope(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, scope={"kind": "tags", "values": ["paid"]})
    fleet.move(fleet.service("free", tags=["free"]), S.UNREACHABLE, at(0))
    fleet.move(fleet.service("paid", tags=["paid", "eu"]), S.UNREACHABLE, at(0))
    assert list(Episode.objects.values_list("service__name", flat=True)) == ["paid"]


def test_no_recovery_notice_when_the_rule_wants_none(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, notify_recovery=False)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.move(service, S.HEALTHY, at(10), event="connected")
    assert sent() == ["firing"]


def test_a_channel_that_never_got_the_beginning_does_not_get_the_end(
    fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    rule.channels.add(
        Channel.objects.create(name="late", kind="console", sealed="", summary="", created_at=at(5))
    )
    fleet.move(service, S.HEALTHY, at(10), event="connected")
    assert [delivery.channel.name for delivery in Delivery.objects.order_by("id")] == ["log", "log"]


def test_a_storm_is_worked_off_in_parts(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=60)
    for number in range(120):
        fleet.move(fleet.service(f"s{number}"), S.RECONNECTING, at(0))
    assert [evaluation.tick(at(60 + second)) for second in range(4)] == [50, 50, 20, 0]


def test_changing_how_long_applies_to_what_is_pending(fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel, condition="not-serving-for", seconds=300)
    fleet.move(fleet.service(), S.RECONNECTING, at(0))
    rule.seconds = 60
    rule.save()
    evaluation.reconsider(rule, at(10))
    assert Episode.objects.get().due_at == at(60)


def test_without_rules_a_transition_costs_one_query(fleet: Fleet, django_assert_num_queries: object) -> None:
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    from lifecycle.alerts.moves import Move
    from lifecycle.core.machine import Change
    from lifecycle.models import ServiceState

    row = ServiceState.objects.select_related("service").get()
    change = Change(before=None, after=S.HEALTHY, event="x", reason="")
    with django_assert_num_queries(1):  # type: ignore[operator]
        evaluation.on_change([Move(row=row, change=change, now=at(1))])


def test_a_quiet_second_costs_one_query(
    fleet: Fleet, log_channel: Channel, django_assert_num_queries: object
) -> None:
    make_rule(log_channel)
    evaluation.tick(at(0))
    with django_assert_num_queries(1):  # type: ignore[operator]
        evaluation.tick(at(1))
