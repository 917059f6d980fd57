"""Alerts end, and whoever was told of the beginning is told how and by whom."""

from __future__ import annotations

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Command, Delivery, Episode, ServiceState
from tests.support.fleet import Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


def test_an_intentional_stop_raises_nothing_and_ends_what_was_told_by_the_name_of_who_stopped_it(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, states=["RECONNECTING", "DISCONNECTED"])
    service = fleet.service()
    fleet.ask(service, "stop", at(0), desired="stopped")
    fleet.move(service, S.DISCONNECTING, at(0), event="stop")
    fleet.move(service, S.DISCONNECTED, at(1), event="closed")
    assert not Episode.objects.exists()
    fleet.ask(service, "start", at(10), desired="running")
    fleet.move(service, S.RECONNECTING, at(10), event="reconnect")
    fleet.ask(service, "stop", at(70), desired="stopped")
    fleet.move(service, S.DISCONNECTING, at(70), event="stop")
    episode = Episode.objects.get()
    assert (episode.ending, episode.ended_by) == ("stopped", "ann")
    assert sent() == ["firing", "resolved"]
    told = Delivery.objects.get(kind="resolved")
    assert told.payload["data"]["message"] == "weather was stopped by ann, 1 min after the trouble began"
    assert told.beginning == Delivery.objects.get(kind="firing")


@pytest.mark.parametrize(
    ("kind", "states", "said"),
    [
        ("restart", (S.DISCONNECTING, S.DISCONNECTED, S.INITIALIZING), "restarted by ann"),
        ("start", (S.DISCONNECTING, S.DISCONNECTED, S.INITIALIZING), "started by ann"),
        ("reconnect", (S.RECONNECTING,), "reconnected by ann"),
    ],
)
def test_a_restart_that_helps_is_told_as_the_end_and_not_before_it_helped(
    fleet: Fleet, log_channel: Channel, kind: str, states: tuple[S, ...], said: str
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.ask(service, kind, at(20))
    for state in states:
        fleet.move(service, state, at(21), event="stop", why="")
        evaluate.sweep(at(21))
        assert sent() == ["firing"]
    fleet.move(service, S.HEALTHY, at(30), event="connected")
    assert sent() == ["firing", "resolved"]
    told = Delivery.objects.get(kind="resolved").payload["data"]
    assert told["message"] == f"weather serves again after 30 s: {said}"
    assert told["ended_by"] == "ann"


def test_a_recovery_long_after_a_restart_in_vain_is_told_as_one_by_itself(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.ask(service, "restart", at(20))
    Command.objects.update(state="failed", finished_at=at(25))
    fleet.move(service, S.HEALTHY, at(60), event="connected")
    assert Episode.objects.get().ending == "recovered"


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ({"removed_at": at(60), "removed_by": "ann"}, "weather was removed by ann"),
        ({"archived_at": at(60)}, "weather was archived"),
    ],
)
def test_whoever_was_told_hears_that_the_service_is_gone(
    fleet: Fleet, log_channel: Channel, gone: dict[str, object], said: str
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    type(service).objects.filter(pk=service.pk).update(**gone)
    evaluate.sweep(at(60))
    told = Delivery.objects.get(kind="resolved").payload["data"]["message"]
    assert told == f"{said}, 1 min after the trouble began"


def test_an_outage_that_turns_out_to_be_a_missing_sign_in_is_told_as_over_without_a_transition(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    ServiceState.objects.update(error_kind=Kind.AUTH)
    evaluate.sweep(at(60))
    assert Episode.objects.get().ending == "sign-in"
    told = Delivery.objects.get(kind="resolved").payload["data"]
    assert told["message"] == "weather answers again after 1 min, but it needs sign-in"


def test_stopping_a_service_that_gave_up_ends_its_episode_at_the_next_sweep(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, states=["UNREACHABLE"])
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, at(0))
    fleet.move(service, S.DISCONNECTED, at(10), event="give-up")
    type(service).objects.filter(pk=service.pk).update(desired="stopped")
    evaluate.sweep(at(20))
    assert Episode.objects.get().ending == "stopped"


@pytest.mark.parametrize(
    ("change", "ending", "said"),
    [
        ({"enabled": False}, "rule-off", "was disabled by ann"),
        ({"scope": {"kind": "services", "values": ["other"]}}, "rule-changed", "was changed by ann"),
    ],
)
def test_whoever_was_told_hears_who_switched_off_or_changed_the_rule(
    fleet: Fleet, log_channel: Channel, change: dict[str, object], ending: str, said: str
) -> None:
    rule = make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    for name, value in change.items():
        setattr(rule, name, value)
    rule.save()
    evaluate.reconsider(rule, at(1), "ann")
    assert (Episode.objects.get().ending, Episode.objects.get().ended_by) == (ending, "ann")
    assert sent() == ["firing", "resolved"]
    assert Delivery.objects.get(kind="resolved").payload["data"]["message"] == (
        f"The rule “Service down” {said}, so its alert ends; weather is UNREACHABLE now"
    )


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
