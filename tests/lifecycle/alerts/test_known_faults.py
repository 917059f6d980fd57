"""Faults that alerting elsewhere is known for: each must fail here if it comes back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.alerts.senders import webhook
from lifecycle.alerts.senders.http import Call
from lifecycle.alerts.senders.letter import Letter
from lifecycle.alerts.senders.paging import opsgenie, pagerduty
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode, ServiceState
from tests.support.api import Api
from tests.support.fleet import Fleet, at, make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db


def restart() -> None:
    """A new process knows nothing of when it looked last."""
    evaluate.forget()


def told() -> list[tuple[str, str]]:
    return [(row.kind, row.payload["data"]["service"]) for row in Delivery.objects.order_by("pk")]


def held(fleet: Fleet, channel: Channel) -> None:
    """`maps` is down and told of, `weather` waits for it and is not."""
    make_rule(channel)
    make_rule(channel, name="Long", condition="not-serving-for", seconds=60)
    fleet.move(fleet.service("maps"), S.RECONNECTING, at(0))
    fleet.move(fleet.service("weather"), S.RECONNECTING, at(1), held_by="maps")
    evaluate.tick(at(100))
    assert told() == [("firing", "maps")] * 2


@pytest.mark.parametrize("later", [101.0, 3600.0, 5_184_000.0])
def test_what_is_inhibited_does_not_fire_at_a_restart(
    fleet: Fleet, log_channel: Channel, later: float
) -> None:
    held(fleet, log_channel)
    restart()
    for second in range(0, 90, 5):
        evaluate.tick(at(later + second))
    assert told() == [("firing", "maps")] * 2


def test_what_is_inhibited_and_well_again_after_a_restart_was_never_told(
    fleet: Fleet, log_channel: Channel
) -> None:
    held(fleet, log_channel)
    restart()
    maps, weather = (row.service for row in ServiceState.objects.select_related("service").order_by("pk"))
    fleet.move(maps, S.HEALTHY, at(3600), event="connected")
    ServiceState.objects.filter(service=weather).update(held_by="")
    evaluate.tick(at(3601))
    fleet.move(weather, S.HEALTHY, at(3620), event="connected")
    for second in (3625, 3700, 9000):
        evaluate.tick(at(second))
    assert "weather" not in [service for _kind, service in told()]


SCOPES: list[dict[str, Any]] = [
    {"kind": "all"},
    {"kind": "services", "values": ["weather"]},
    {"kind": "tags", "values": ["eu"]},
    {"kind": "profiles", "values": ["normal"]},
]
CONDITIONS: dict[str, dict[str, Any]] = {
    "state-entered": {"states": ["UNREACHABLE"], "for_seconds": 0},
    "not-serving-for": {"seconds": 30},
    "needs-sign-in": {"for_seconds": 0},
    "metric": {"metric": "consecutive_failures", "threshold": 2, "for_seconds": 0},
}


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope["kind"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_rule_that_is_accepted_and_shown_as_on_is_applied(
    api_operator: Api, fleet: Fleet, log_channel: Channel, condition: str, scope: dict[str, Any]
) -> None:
    restart()
    service = fleet.service(tags=["eu"], profile="normal")
    body = {"name": "Mine", "condition": condition, "scope": scope, "channels": ["log"]}
    made = api_operator.post("alert-rules", body | CONDITIONS[condition])
    assert made.status_code == 201 and made.json()["enabled"], made.content
    kind = Kind.AUTH if condition == "needs-sign-in" else Kind.REFUSED
    fleet.move(service, S.UNREACHABLE, at(0), kind=kind)
    ServiceState.objects.update(consecutive_failures=3)
    for second in (1, 35, 70):
        evaluate.tick(at(second))
    assert Episode.objects.get().state == "firing"
    assert told() == [("firing", "weather")]


BUILDS = {"pagerduty": pagerduty.build, "opsgenie": opsgenie.build, "webhook": webhook.build}
SETTINGS = {
    "pagerduty": Config(more={"key": "k" * 32}),
    "opsgenie": Config(more={"key": "k" * 32}),
    "webhook": Config(url="https://h.example/x", secret="", more={"format": "alertmanager"}),
}


def calls(kind: str, deliverer: Deliverer, now: float) -> Iterator[Call]:
    """The requests of all that is due; each is taken."""
    for number in queue.due_channels(at(now), Pacing()):
        while (row := queue.take(number, at(now), Pacing())) is not None:
            letter: Letter = deliverer._letter(row)
            yield from BUILDS[kind](letter)
            queue.settle(row, Outcome(ok=True, answer="ok", took=timedelta(0)), at(now), 0.5)


def acts(kind: str, call: Call) -> Iterator[tuple[str, bool]]:
    """The incidents that a request speaks of, each with whether it ends."""
    body = json.loads(call.body)
    match kind:
        case "pagerduty":
            yield body["dedup_key"], body["event_action"] == "resolve"
        case "opsgenie":
            closes = "/close?" in call.url
            yield call.url.split("/")[-2] if closes else quote(body["alias"], safe=""), closes
        case _:
            for alert in body["alerts"]:
                yield json.dumps(alert["labels"], sort_keys=True), alert["status"] == "resolved"


@pytest.mark.parametrize("kind", BUILDS)
def test_each_incident_that_is_opened_elsewhere_is_closed(fleet: Fleet, kind: str) -> None:
    """Several at once and one by one, of a rule that is renamed meanwhile, and of one that is deleted."""
    if kind == "webhook":
        SETTINGS[kind] = SETTINGS[kind].having({"secret": channel_config.new_secret()})
    channel = make_channel("on-call", kind=kind, sealed=channel_config.seal(SETTINGS[kind]))
    rule, other = make_rule(channel), make_rule(channel, name="Other", states=["UNREACHABLE"])
    deliverer, seen = Deliverer({kind: None}), list[tuple[str, bool]]()  # type: ignore[dict-item]
    services = [fleet.service(f"s{number}") for number in range(4)]
    for service in services:
        fleet.move(service, S.UNREACHABLE, at(0))
    seen += [act for call in calls(kind, deliverer, 20) for act in acts(kind, call)]
    AlertRule.objects.filter(pk=rule.pk).update(name="Renamed", level="CRITICAL")
    fleet.move(services[0], S.HEALTHY, at(100), event="connected")
    seen += [act for call in calls(kind, deliverer, 200) for act in acts(kind, call)]
    evaluate.retire(other, at(300))
    other.delete()
    for service in services[1:]:
        fleet.move(service, S.HEALTHY, at(301), event="connected")
    seen += [act for call in calls(kind, deliverer, 400) for act in acts(kind, call)]
    opened = Counter(key for key, ends in seen if not ends)
    closed = Counter(key for key, ends in seen if ends)
    assert len(opened) == 8 and set(opened.values()) == {1}, "one for each rule and service"
    assert opened == closed
