"""The forecast names the moments at which live sends, within 2 s, whatever the rule."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.alerts.explain import forecasts
from lifecycle.core.alerting.explain import forecast
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Episode
from lifecycle.monitoring.settings import change
from registry.models import Role
from tests.lifecycle.alerts.explain.conftest import Live, Recorded
from tests.support.fleet import NOON, at, make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db
WITHIN = 2
CASES: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({"for_seconds": 0}, (10, 60)),
    ({"for_seconds": 15, "reminder_seconds": 47}, (10, 60)),
    ({"for_seconds": 7, "reminder_seconds": 33}, (10, 20)),
    ({"for_seconds": 0, "level": "CRITICAL", "reminder_seconds": 61}, (10, 60)),
    ({"condition": "not-serving-for", "seconds": 52, "reminder_seconds": 90}, (3, 30)),
    ({"for_seconds": 5, "reminder_seconds": 40}, (10, 0)),
    ({"condition": "needs-sign-in", "for_seconds": 3, "reminder_seconds": 71}, (0, 60)),
]


def drawn(seed: int) -> tuple[dict[str, Any], tuple[int, int]]:
    chance = random.Random(seed)
    fields = {
        "level": chance.choice(["INFO", "CRITICAL"]),
        "for_seconds": chance.randint(0, 30),
        "reminder_seconds": chance.randint(20, 100),
    }
    return fields, (chance.randint(0, 15), chance.choice([0, chance.randint(5, 90)]))


CASES += [drawn(seed) for seed in range(6)]


def expected(rule: AlertRule, channel: Channel, pacing: Pacing) -> list[float]:
    plan = forecasts.plan_of(rule, [channel])
    found = forecast.forecast(plan, NOON)
    assert plan.pacing == pacing
    return [(moment - NOON).total_seconds() for moment, _notice in found.sent[channel.pk]]


@pytest.mark.parametrize(("fields", "paced"), CASES)
@pytest.mark.parametrize("kind", ["console", "pagerduty"])
def test_each_message_leaves_when_the_forecast_says(
    fleet: Recorded, fields: dict[str, Any], paced: tuple[int, int], kind: str
) -> None:
    options = {"alert_group_wait": paced[0], "alert_group_interval": paced[1]}
    change.change(options, by="ann", role=Role.ADMIN, now=NOON)
    pacing = Pacing(wait=timedelta(seconds=paced[0]), interval=timedelta(seconds=paced[1]))
    channel = make_channel("one", kind=kind)
    rule = make_rule(channel, **fields)
    told = expected(rule, channel, pacing)[:4]
    fault = Kind.AUTH if fields.get("condition") == "needs-sign-in" else Kind.REFUSED
    fleet.move(fleet.service(), S.RECONNECTING, NOON, kind=fault)
    live = Live(pacing)
    for second in range(int(told[-1]) + 5):
        live.second(at(second))
    sent = [moment for moment, _channel, _kind, _many in live.sent][: len(told)]
    assert len(sent) == len(told) == (4 if fields.get("reminder_seconds") else 1)
    assert all(abs(one - other) <= WITHIN for one, other in zip(sent, told, strict=True)), (sent, told)


def test_the_steps_of_an_escalation_come_when_the_forecast_says(fleet: Recorded) -> None:
    own, boss = make_channel("own"), make_channel("boss", kind="pagerduty")
    steps = [{"wait": 40, "channels": [boss.pk, own.pk], "repeat": 1}, {"wait": 9, "channels": [99]}]
    rule = make_rule(own, for_seconds=5, steps=steps)
    found = forecast.forecast(forecasts.plan_of(rule, [own]), NOON)
    assert [(at - NOON).total_seconds() for at, _notice in found.sent[boss.pk]] == [45, 85]
    fleet.move(fleet.service(), S.RECONNECTING, NOON)
    live = Live()
    for second in range(160):
        live.second(at(second))
    for channel in (own, boss):
        sent = [moment for moment, name, _kind, _many in live.sent if name == channel.name]
        told = [(moment - NOON).total_seconds() for moment, _notice in found.sent[channel.pk]]
        assert len(sent) == len(told) and all(
            abs(one - other) <= WITHIN for one, other in zip(sent, told, strict=True)
        )


def test_a_second_failure_is_told_when_the_forecast_says(fleet: Recorded, log_channel: Channel) -> None:
    rule = make_rule(log_channel, for_seconds=5, cooldown_seconds=90, keep_firing_seconds=0)
    found = forecast.forecast(forecasts.plan_of(rule, [log_channel]), NOON)
    assert (found.fires, found.again, found.recovery) == (at(5), at(95), timedelta(0))
    service, live = fleet.service(), Live()
    for second in range(100):
        if second in (0, 45):
            fleet.move(service, S.RECONNECTING, at(second))
        elif second == 25:
            fleet.move(service, S.HEALTHY, at(second), event="connected")
        live.second(at(second))
    assert Episode.objects.latest("pk").fired_at == found.again


def test_the_end_is_as_late_as_the_rule_keeps_firing_and_none_where_nobody_is_told() -> None:
    rule = AlertRule(condition="state-entered", states=["RECONNECTING"], keep_firing_seconds=300)
    assert forecast.forecast(forecasts.plan_of(rule, []), NOON).recovery == timedelta(seconds=300)
    rule.notify_recovery = False
    assert forecast.forecast(forecasts.plan_of(rule, []), NOON).recovery is None


@pytest.mark.parametrize("condition", AlertRule.Condition.values)
def test_every_condition_has_a_forecast(db: None, condition: str) -> None:
    rule = AlertRule(condition=condition, states=["WARNING"], for_seconds=9, seconds=9, reminder_seconds=60)
    found = forecasts.of(rule, [Channel(pk=1, name="x", kind="console", enabled=True)], NOON)
    assert found.fires is not None and found.rows[0].told
