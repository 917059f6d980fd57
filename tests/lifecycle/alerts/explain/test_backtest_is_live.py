"""The back-test sends what a live replay of the same states sent: alerts, ends, reminders, messages."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.alerts.explain import backtest
from lifecycle.alerts.silences import operations as silences
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode, MassFailure, Rollup5m
from lifecycle.monitoring.rollups import tables
from registry.models import ContractChange, Service
from tests.lifecycle.alerts.explain.conftest import Live, Recorded
from tests.support.fleet import NOON, at, make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db
LENGTH = 480
LATE = timedelta(seconds=6)
RULES: list[dict[str, Any]] = [
    {"for_seconds": 10, "reminder_seconds": 95},
    {"for_seconds": 0, "cooldown_seconds": 60, "level": "CRITICAL"},
    {"condition": "not-serving-for", "seconds": 30, "notify_recovery": False},
    {"for_seconds": 5, "scope": {"kind": "services", "values": ["b", "c"]}},
]


def walk(fleet: Recorded, seed: int, length: int = LENGTH) -> Live:
    """Three services come and go; one of them is silenced for a time."""
    chance, live = random.Random(seed), Live()
    services = [fleet.service(name) for name in ("a", "b", "c")]
    due = {service.pk: chance.randint(1, 60) for service in services}
    for second in range(length):
        if second == 100:
            values = {"services": ["a"], "starts_at": at(100), "ends_at": at(260)}
            silences.add(values, by="ann", now=at(100))
        for service in services:
            if due[service.pk] == second:
                after = chance.choice([S.HEALTHY, S.HEALTHY, S.RECONNECTING, S.UNREACHABLE])
                event = "connected" if after is S.HEALTHY else "lost"
                fleet.move(service, after, at(second), event=event)
                due[service.pk] = second + chance.choice([25, 60, 110])
        live.second(at(second))
    return live


@pytest.mark.parametrize("seed", [1, 2])
def test_what_the_back_test_sends_is_what_live_sent(fleet: Recorded, seed: int) -> None:
    channels = [make_channel(f"c{number}") for number in range(len(RULES))]
    pairs = zip(channels, RULES, strict=True)
    rules = [make_rule(channel, name=channel.name, **fields) for channel, fields in pairs]
    live = walk(fleet, seed)
    for rule, channel in zip(rules, channels, strict=True):
        compare(rule, channel, live)


def compare(rule: AlertRule, channel: Channel, live: Live) -> None:
    found = backtest.run(rule, [channel], at(LENGTH - 1))
    rows = Delivery.objects.filter(episode__rule=rule)
    kinds = Counter(rows.values_list("kind", flat=True))
    assert found.count == kinds["firing"] > 0
    assert abs(found.reminders - kinds["reminder"]) <= 1  # one may be due in the last seconds
    assert found.recoveries == kinds["resolved"]
    told = Counter(rows.filter(kind="firing").values_list("episode__service__name", flat=True))
    assert dict(found.days[0].services) == told
    left = sorted(rows.filter(kind="firing").values_list("created_at", flat=True))
    kept = sorted(alert.told for alert in found.alerts if alert.told)
    assert all(abs(one - other) <= LATE for one, other in zip(kept, left, strict=True))
    sent = [name for _at, name, _kind, _many in live.sent if name == channel.name]
    assert abs(dict(found.sent)[channel.name] - len(sent)) <= 1  # the last may still wait for its group
    assert (found.covered, found.stopped) == (found.services, "")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_steps_of_an_escalation_are_sent_as_live_sent_them(fleet: Recorded, seed: int) -> None:
    own, boss, off = make_channel("own"), make_channel("boss", kind="pagerduty"), make_channel("off")
    Channel.objects.filter(pk=off.pk).update(enabled=False)
    steps = [
        {"wait": 20, "channels": [off.pk]},
        {"wait": 30, "channels": [boss.pk], "repeat": 1},
        {"wait": 15, "channels": [own.pk, boss.pk]},
    ]
    rule = make_rule(own, for_seconds=5, steps=steps)
    live = walk(fleet, seed)
    found = dict(backtest.run(rule, [own], at(LENGTH - 1)).sent)
    sent = Counter(name for _at, name, _kind, _many in live.sent)
    assert sent["boss"] > 0 and found.keys() == {"own", "boss"}
    assert abs(found["boss"] - sent["boss"]) <= 1 and abs(found["own"] - sent["own"]) <= 1, (found, sent)


def test_a_silence_keeps_back_what_it_outlasts_and_puts_off_what_outlasts_it(
    fleet: Recorded, log_channel: Channel
) -> None:
    rule, live = make_rule(log_channel, cooldown_seconds=0), Live()
    brief, long = fleet.service("brief"), fleet.service("long")
    silences.add({"starts_at": at(10), "ends_at": at(100)}, by="ann", now=at(5))
    for second in range(150):
        if second == 20:
            fleet.move(brief, S.UNREACHABLE, at(20))
            fleet.move(long, S.UNREACHABLE, at(20))
        if second == 60:
            fleet.move(brief, S.HEALTHY, at(60), event="connected")
        live.second(at(second))
    found = backtest.run(rule, [log_channel], at(150))
    row = Delivery.objects.get()
    assert row.episode and row.episode.service == long
    assert (found.count, found.hushed) == (1, 1)
    told = {alert.who: alert.told for alert in found.alerts}
    assert told["brief"] is None and told["long"] is not None
    assert abs(told["long"] - row.created_at) <= LATE


def test_a_draft_is_tried_without_being_saved(fleet: Recorded, log_channel: Channel) -> None:
    rule = make_rule(log_channel, for_seconds=10)
    walk(fleet, 1)
    strict = AlertRule.objects.get(pk=rule.pk)
    strict.for_seconds = 100_000
    assert backtest.run(strict, [log_channel], at(LENGTH)).count == 0
    assert AlertRule.objects.get().for_seconds == 10


def test_flapping_is_counted_as_live_counts_it(fleet: Recorded, log_channel: Channel) -> None:
    rule = make_rule(log_channel, condition="flapping", for_seconds=0, cooldown_seconds=0)
    service, live = fleet.service(), Live()
    turns = {100 + 40 * n: (S.RECONNECTING, S.HEALTHY)[n % 2] for n in range(8)}
    for second in range(1200):
        if second in turns:
            fleet.move(service, turns[second], at(second), event="connected" if second % 80 == 60 else "lost")
        if second % 5 == 0 or second in turns:
            live.second(at(second))
    found = backtest.run(rule, [log_channel], at(1200))
    row = Episode.objects.get()
    assert row.fired_at and row.resolved_at
    (alert,) = found.alerts
    assert alert.ended is not None
    assert abs(alert.at - row.fired_at) <= timedelta(seconds=35)
    assert abs(alert.ended - row.resolved_at) <= timedelta(seconds=35)


def test_a_metric_is_tried_on_the_figures_of_5_minutes(fleet: Recorded, log_channel: Channel) -> None:
    rule = make_rule(log_channel, condition="metric", metric="error_rate", threshold=0.3, for_seconds=300)
    bad, well = fleet.service("bad"), fleet.service("well")
    start = int(NOON.timestamp())
    for number in range(8):
        failed = 10 if 2 <= number <= 4 else 0
        figures(bad, start + 300 * number, failed)
        figures(well, start + 300 * number, 1)
    found = backtest.run(rule, [log_channel], at(3600))
    (alert,) = found.alerts
    assert (alert.who, alert.at, alert.ended) == ("bad", at(1200), at(1800))
    assert found.covered == 2


def figures(service: Service, when: int, failed: int) -> None:
    from lifecycle.core.health.verdict import LEVELS, Level
    from lifecycle.core.monitoring import packing
    from lifecycle.core.monitoring.summary import Summary

    counts = {Level.HEALTHY: 10 - failed, Level.UNHEALTHY: failed}
    levels = tuple(counts.get(level, 0) for level in LEVELS)
    data = packing.pack(Summary(levels, 0, None, None, {}))
    tables.MODELS[300].objects.create(service_id=service.pk, at=when, data=data)
    assert Rollup5m.objects.filter(service=service, at=when).exists()


def test_changed_tools_and_mass_failures_are_tried_on_their_own_records(
    fleet: Recorded, log_channel: Channel
) -> None:
    tools = make_rule(log_channel, name="tools", condition="tools-changed", breaking_only=True)
    mass = make_rule(log_channel, name="mass", condition="mass-failure", cooldown_seconds=600)
    service = fleet.service()
    for second, grade in ((10, "compatible"), (20, "breaking"), (60, "breaking"), (900, "breaking")):
        ContractChange.objects.create(
            service=service, at=at(second), kind="tool", name="t", action="changed", grade=grade
        )
    assert [alert.at for alert in backtest.run(tools, [log_channel], at(2000)).alerts] == [
        at(900),
        at(320),
        at(20),
    ]
    for began, ended in ((0, 100), (200, 900)):
        MassFailure.objects.create(began_at=at(began), ended_at=at(ended), open=False, total=9, failing=8)
    found = backtest.run(mass, [log_channel], at(2000))
    assert [(alert.at, alert.ended) for alert in found.alerts] == [(at(600), at(900)), (at(0), at(100))]


def test_what_is_not_kept_cannot_be_tried(fleet: Recorded) -> None:
    for fields in ({"condition": "budget-burn"}, {"condition": "metric", "metric": "consecutive_failures"}):
        found = backtest.run(make_rule(name=str(fields), **fields), [], at(0))
        assert (found.recorded, found.count) == (False, 0)


def test_a_run_that_is_stopped_or_out_of_time_says_how_far_it_came(
    fleet: Recorded, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    for name in ("a", "b", "c"):
        fleet.move(fleet.service(name), S.UNREACHABLE, at(5))
    asked = iter([False, False, True])
    found = backtest.run(rule, [log_channel], at(60), stop=lambda: next(asked))
    assert (found.stopped, found.covered, found.services, found.count) == ("asked", 2, 3, 2)
    late = backtest.run(rule, [log_channel], at(60), budget_s=-1)
    assert (late.stopped, late.covered) == ("time", 0)


def test_one_who_changes_too_often_is_named(
    fleet: Recorded, log_channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecycle.alerts.explain.past.MOVES_AT_MOST", 3)
    rule, service = make_rule(log_channel), fleet.service("hectic")
    for second in range(8):
        fleet.move(service, (S.RECONNECTING, S.HEALTHY)[second % 2], at(second))
    assert backtest.run(rule, [log_channel], at(60)).cut == ["hectic"]
