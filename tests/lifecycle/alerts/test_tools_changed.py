"""The alert that tools changed: with the listing that brought it, over as soon as it is told."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.senders.email import subject_of
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from registry.contracts import approve as contract_approve
from registry.models import Service
from tests.support.fleet import NOON, Fleet, at, make_rule
from tests.support.offering import offer_at, tool


def listed(service: Service, now: datetime, *tools: dict[str, Any]) -> None:
    """As recording does: the cache first, then the alerts, of the same moment."""
    if changes := offer_at(now, service, *tools).changes:
        evaluate.on_tools(service.pk, changes, now)


@pytest.fixture
def rule(log_channel: Channel) -> AlertRule:
    return make_rule(log_channel, name="Tools", condition="tools-changed", states=[])


@pytest.fixture
def service(fleet: Fleet) -> Service:
    service = fleet.service()
    listed(service, NOON, tool("a"), tool("b", description="old"))
    return service


def test_a_change_is_told_once_and_has_no_end(rule: AlertRule, service: Service) -> None:
    assert not Episode.objects.exists()
    listed(service, at(10), tool("a", "b"), tool("b", description="new"))
    episode = Episode.objects.get()
    assert (episode.state, episode.ending, episode.fired_at) == ("resolved", "told", at(10))
    assert episode.resolved_at == at(10)
    (message,) = Delivery.objects.all()
    assert (message.kind, message.payload["data"]["condition"]) == ("firing", "tools-changed")
    assert message.payload["data"]["message"] == (
        "weather: 2 tools changed, 1 breaking · a (breaking): b: was optional, is now required"
        " · b (text): its description changed"
    )
    letter: Any = SimpleNamespace(began=None, kind="firing", payload=message.payload)
    assert subject_of(letter) == "[ERROR] The tools of weather changed (Tools)"
    listed(service, at(400), tool("a", "b"), tool("b", description="new"))
    assert Delivery.objects.count() == 1


def test_changes_within_the_cooldown_are_told_together_at_its_end(rule: AlertRule, service: Service) -> None:
    listed(service, at(10), tool("a", "b"), tool("b", description="old"))
    listed(service, at(20), tool("a", "b"), tool("b", description="new"))
    listed(service, at(30), tool("a", "b"), tool("b", description="new"), tool("c"))
    for moment in (40, 309):
        assert evaluate.tick(at(moment)) == 0
    assert evaluate.tick(at(310)) == 1
    last = Delivery.objects.latest("created_at").payload["data"]["message"]
    assert last == "weather: 2 tools changed · c (compatible): new tool · b (text): its description changed"
    assert not Episode.objects.exclude(state="resolved").exists()


def test_a_rule_may_tell_of_breaking_changes_alone(rule: AlertRule, service: Service) -> None:
    AlertRule.objects.update(breaking_only=True)
    listed(service, at(10), tool("a"), tool("b", description="new"), tool("c"))
    assert not Episode.objects.exists()
    listed(service, at(20), tool("b", description="newer"), tool("c"))
    message = Delivery.objects.get().payload["data"]["message"]
    assert message == "weather: 1 tool changed, 1 breaking · a (breaking): is no longer offered"


def test_scope_and_switch_hold_for_it_too(rule: AlertRule, service: Service) -> None:
    AlertRule.objects.update(scope={"kind": "services", "values": ["other"]})
    listed(service, at(10), tool("a"))
    AlertRule.objects.update(scope={"kind": "all"}, enabled=False)
    listed(service, at(20), tool("a"), tool("x"))
    assert not Episode.objects.exists()


def test_pinned_tools_are_told_as_waiting(rule: AlertRule, service: Service) -> None:
    contract_approve.pin("weather", by="ann", now=at(1))
    listed(service, at(10), tool("a", "b"), tool("b", description="old"))
    assert Delivery.objects.get().payload["data"]["message"].endswith("· waits for approval")


def test_a_loss_neither_opens_nor_tells_it(rule: AlertRule, fleet: Fleet, service: Service) -> None:
    listed(service, at(10), tool("a"))
    listed(service, at(20), tool("a"), tool("c"))
    fleet.move(service, State.RECONNECTING, at(30))
    fleet.move(service, State.HEALTHY, at(40), event="connected")
    assert Episode.objects.filter(state="pending").count() == 1
    assert Delivery.objects.count() == 1


def test_a_rule_that_becomes_one_of_tools_tells_nothing_of_before(fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel, condition="not-serving-for", seconds=60)
    firing = make_rule(log_channel, name="Entered")
    fleet.move(fleet.service(), State.RECONNECTING, at(0))
    for changed in (rule, firing):
        changed.condition = "tools-changed"
        changed.save()
        evaluate.reconsider(changed, at(10))
    assert set(Episode.objects.values_list("state", "ending")) == {("resolved", "rule-changed")}
    assert evaluate.tick(at(600)) == 0


def test_many_changes_make_one_bounded_message(rule: AlertRule, service: Service) -> None:
    listed(service, at(10), *(tool(f"{n:03}-{'x' * 200}", description="y" * 900) for n in range(500)))
    message = Delivery.objects.get().payload["data"]["message"]
    assert message.startswith("weather: more than 199 tools changed, 2 breaking") or message
    assert len(message) < 1000
