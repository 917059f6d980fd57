"""What is odd about a rule is said when it is saved, in the list and by REST; nothing of it is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.rules import lint
from lifecycle.alerts.rules.defaults import ensure
from lifecycle.alerts.windows import operations as windows
from lifecycle.models import AlertRule, Channel, Silence
from registry.models import Agent, AgentService
from tests.lifecycle.alerts.explain.test_pages_forecast import typed
from tests.support.api import Api
from tests.support.fleet import NOON, Fleet, at, make_rule
from tests.support.posting import make_channel, make_delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(fleet: Fleet) -> None:
    fleet.service("weather", tags=["paid"])


def codes(rule: AlertRule) -> list[str]:
    return [note.code for note in lint.of([rule], NOON)[rule.pk]]


def test_the_shipped_rules_with_a_channel_are_fine(service: None, log_channel: Channel) -> None:
    ensure(NOON)
    for rule in AlertRule.objects.all():
        rule.channels.set([log_channel])
    notes = lint.of(list(AlertRule.objects.all()), NOON)
    assert [note for found in notes.values() for note in found] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"scope": {"kind": "tags", "values": ["free"]}}, "matches-nothing"),
        ({"condition": "metric", "metric": "process_cpu", "threshold": 80.0}, "matches-nothing"),
        ({"condition": "metric", "metric": "error_rate", "threshold": 1.0}, "never-reached"),
        ({"condition": "metric", "metric": "availability", "threshold": 0.0}, "never-reached"),
        ({"condition": "metric", "metric": "response_time", "threshold": 3600.0}, "never-reached"),
        ({"condition": "budget-burn"}, "no-target"),
        ({"states": ["DISCONNECTED"]}, "never-gives-up"),
        ({"for_seconds": 600, "keep_firing_seconds": 60}, "ends-early"),
        ({"reminder_seconds": 20}, "reminds-often"),
    ],
)
def test_a_rule_that_can_tell_nothing_or_not_as_meant_is_named(
    service: None, log_channel: Channel, fields: dict[str, Any], code: str
) -> None:
    make_rule(log_channel, name="wide", for_seconds=0)
    rule = make_rule(log_channel, **{"level": "CRITICAL", **fields})
    assert codes(rule) == [code]


def test_what_matches_nothing_is_not_said_to_be_shadowed_too(service: None, log_channel: Channel) -> None:
    make_rule(log_channel, name="wide")
    assert codes(make_rule(log_channel, scope={"kind": "tags", "values": ["free"]})) == ["matches-nothing"]


def test_channels_that_are_off_or_deliver_nothing_are_named(service: None) -> None:
    rule = make_rule()
    assert codes(rule) == ["no-channel"]
    off, broken = make_channel("off", enabled=False), make_channel("broken")
    rule.channels.set([off])
    assert codes(rule) == ["channels-off"]
    rule.channels.set([off, broken])
    make_delivery(broken, state="delivered")
    assert codes(rule) == []
    make_delivery(broken, state="dead")
    make_delivery(broken, state="queued")
    assert codes(rule) == ["channels-fail"]


def test_what_is_silenced_for_a_week_without_a_break_counts_as_always(
    service: None, log_channel: Channel
) -> None:
    rule = make_rule(log_channel, scope={"kind": "tags", "values": ["paid"]})

    def silence(start: float, end: float, **more: Any) -> None:
        times = {"starts_at": NOON + timedelta(days=start), "ends_at": NOON + timedelta(days=end)}
        Silence.objects.create(**times, **more, created_by="ann", created_at=NOON)

    silence(-1, 4, tags=["paid"])
    assert codes(rule) == []
    silence(3.5, 9, rules=[rule.pk])
    assert codes(rule) == ["always-silenced"]
    other = make_rule(log_channel, name="other", condition="not-serving-for")
    assert codes(other) == []
    window = {"name": "w", "start": NOON - timedelta(days=1), "minutes": 60, "rule": "", "zone": "UTC"}
    windows.save(None, window, by="ann", now=at(0))
    assert codes(other) == []


def test_a_rule_on_agents_covers_their_services(service: None, log_channel: Channel) -> None:
    rule = make_rule(log_channel, scope={"kind": "agents", "values": ["helper"]})
    assert codes(rule) == ["matches-nothing"]
    agent = Agent.objects.create(name="helper", created_at=NOON, updated_at=NOON)
    AgentService.objects.create(agent=agent, service_name="weather")
    assert codes(rule) == []


def test_of_two_rules_one_of_which_says_all_the_other_is_named(service: None, log_channel: Channel) -> None:
    wide = make_rule(log_channel, name="wide", for_seconds=10)
    same = make_rule(log_channel, name="same", for_seconds=10)
    assert (codes(wide), codes(same)) == ([], ["shadowed"])
    same.for_seconds, same.states = 60, ["UNREACHABLE"]
    same.save()
    assert (codes(wide), codes(same)) == ([], ["shadowed"])
    same.level = "CRITICAL"
    same.save()
    assert codes(same) == []
    same.level = "ERROR"
    same.save()
    same.channels.add(make_channel("more"))
    assert codes(same) == []
    wide.enabled = False
    wide.save()
    same.channels.set([log_channel])
    assert codes(same) == []


def test_saving_succeeds_and_warns_and_form_and_list_repeat_it(
    operator: Client, service: None, log_channel: Channel
) -> None:
    values = typed(log_channel, scope="tags", values="free", name="Odd", message="")
    page = operator.post("/alerts/rules/add/", values, follow=True).content.decode()
    rule = AlertRule.objects.get(name="Odd")
    assert "Odd: No services are in its scope." in page
    assert "No services are in its scope." in operator.get("/alerts/rules/").content.decode()
    assert "No services are in its scope." in operator.get(f"/alerts/rules/{rule.pk}/").content.decode()


def test_rest_gives_them_with_each_rule(api_operator: Api, service: None) -> None:
    rule = make_rule(created_at=timezone.now())
    found = api_operator.get(f"alert-rules/{rule.pk}").json()
    assert [note["code"] for note in found["warnings"]] == ["no-channel"]
    assert api_operator.get("alert-rules").json()["results"][0]["warnings"] == found["warnings"]


def test_the_warnings_of_many_rules_cost_a_dozen_queries(
    service: None, log_channel: Channel, django_assert_max_num_queries: Any
) -> None:
    rules = [make_rule(log_channel, name=f"r{number}") for number in range(9)]
    with django_assert_max_num_queries(14):
        lint.of(rules, NOON)
