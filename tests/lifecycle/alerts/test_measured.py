"""What is measured over time fires by its figures, and neither fires nor ends where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate, measured
from lifecycle.core.health.verdict import Level
from lifecycle.core.machine.states import State as S
from lifecycle.core.monitoring import calls, packing, summary
from lifecycle.models import (
    Channel,
    Delivery,
    Episode,
    Rollup5m,
    ServiceCallRollup,
    ServiceState,
    Slo,
    SloState,
    Slowness,
    StateChange,
)
from lifecycle.monitoring.hosts import sampling
from registry.models import Agent, AgentService, Service
from tests.support.fleet import Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


def slow(service: Service, verdict: str, **fields: Any) -> None:
    values = {"verdict": verdict, "evaluated_at": 0, "median_ms": 900.0, "usual_ms": 300.0, **fields}
    Slowness.objects.update_or_create(service=service, defaults=values)


def test_an_unusually_slow_service_is_told_after_its_time_and_its_end_in_its_own_words(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, name="Slow", condition="unusually-slow", for_seconds=60)
    service, other = fleet.service(), fleet.service("other")
    slow(service, "slow")
    slow(other, "usual")
    assert [measured.follow(at(second)) for second in (0, 30, 60)] == [0, 0, 1]
    data = Delivery.objects.get().payload["data"]
    assert data["message"] == "weather: answers unusually slowly: 900 ms, usually 300 ms at this time of day"
    assert data["state"] == "unusually slow"
    slow(service, "usual")
    measured.follow(at(90))
    assert sent() == ["firing", "resolved"]
    assert (
        Delivery.objects.latest("pk").payload["data"]["message"] == "weather: “Slow” is over after 1 min 30 s"
    )


def test_no_figures_end_nothing_and_fire_nothing(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="unusually-slow", for_seconds=60)
    pending, firing = fleet.service("pending"), fleet.service("firing")
    slow(firing, "slow")
    measured.follow(at(0))
    measured.follow(at(60))
    slow(pending, "slow")
    measured.follow(at(70))
    slow(pending, "no-data")
    slow(firing, "no-data")
    for second in (100, 200, 5000):
        measured.follow(at(second))
        evaluate.tick(at(second))
    states = dict(Episode.objects.values_list("service__name", "state"))
    assert states == {"pending": "pending", "firing": "firing"}
    assert sent() == ["firing"]


def rolled(service: Service, second: float, *checks: tuple[Level, int | None]) -> None:
    data = packing.pack(summary.of([(summary.NUMBER[level], ms) for level, ms in checks]))
    Rollup5m.objects.create(service=service, at=int(at(second).timestamp()) // 300 * 300, data=data)


GOOD, BAD = (Level.HEALTHY, 100), (Level.UNHEALTHY, None)


@pytest.mark.parametrize(
    ("metric", "threshold", "bad", "fires"),
    [
        ("error_rate", 0.1, [GOOD] * 8 + [BAD] * 2, True),
        ("error_rate", 0.2, [GOOD] * 8 + [BAD] * 2, False),
        ("availability", 0.9, [GOOD] * 8 + [BAD] * 2, True),
        ("response_time", 3, [(Level.SLOW, 6100), (Level.HEALTHY, 100)], True),
        ("response_time", 5, [(Level.SLOW, 6100), (Level.HEALTHY, 100)], False),
    ],
)
def test_a_metric_of_the_window_is_compared_with_the_threshold(
    fleet: Fleet, log_channel: Channel, metric: str, threshold: float, bad: list[Any], fires: bool
) -> None:
    make_rule(log_channel, condition="metric", metric=metric, threshold=threshold, for_seconds=0)
    service, sound = fleet.service(), fleet.service("sound")
    fleet.service("not looked at")
    rolled(service, 0, *bad)
    rolled(sound, 0, *[GOOD] * 10)
    assert measured.follow(at(60)) == fires
    rolled(service, 600, *[GOOD] * 10)
    measured.follow(at(900))
    assert sent() == (["firing", "resolved"] if fires else [])


def test_flapping_is_one_alert_until_it_is_stable(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="flapping", for_seconds=0)
    service = fleet.service()
    for n in range(6):
        StateChange.objects.create(
            service=service, before="HEALTHY", after="WARNING", event="x", at=at(n * 10)
        )
    assert measured.follow(at(49)) == 0
    assert measured.follow(at(60)) == 1
    assert measured.follow(at(90)) == 0
    assert Episode.objects.get().summary == "weather: changed its state 6 times within 10 min"
    measured.follow(at(700))
    assert sent() == ["firing", "resolved"]


def test_while_a_service_flaps_other_rules_keep_silent_and_are_told_when_it_is_stable_and_still_down(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, name="Flapping", condition="flapping", for_seconds=0)
    service, other = fleet.service(), fleet.service("other")
    for n in range(6):
        StateChange.objects.create(
            service=service, before="HEALTHY", after="WARNING", event="x", at=at(n * 10)
        )
    evaluate.tick(at(60))
    make_rule(log_channel, name="Down")
    fleet.move(service, S.RECONNECTING, at(70))
    fleet.move(other, S.RECONNECTING, at(70))
    told = Delivery.objects.order_by("id").values_list("episode__rule__name", "episode__service__name")
    assert list(told) == [("Flapping", "weather"), ("Down", "other")]
    kept = Episode.objects.get(rule__name="Down", service=service)
    assert list(kept.notes.values_list("kind", "text")) == [("flapping", "flapping, reported by “Flapping”")]
    evaluate.tick(at(700))
    evaluate.tick(at(706))
    assert list(told.all())[2:] == [("Flapping", "weather"), ("Down", "weather")]


def test_flapping_that_nobody_is_told_of_keeps_nothing_back(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(name="Flapping", condition="flapping", for_seconds=0)
    service = fleet.service()
    for n in range(6):
        StateChange.objects.create(
            service=service, before="HEALTHY", after="WARNING", event="x", at=at(n * 10)
        )
    evaluate.tick(at(60))
    make_rule(log_channel, name="Down")
    fleet.move(service, S.RECONNECTING, at(70))
    assert Delivery.objects.get().episode.rule.name == "Down"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("metric", "threshold", "said"),
    [
        ("call_error_rate", 0.1, "weather: 20.0% of the tool calls failed, more than 10.0%"),
        ("call_time", 5, "weather: tool calls take 6 s on average, above 5 s"),
    ],
)
def test_tool_calls_are_compared_with_the_threshold_and_no_calls_are_the_end(
    fleet: Fleet, log_channel: Channel, metric: str, threshold: float, said: str
) -> None:
    make_rule(log_channel, condition="metric", metric=metric, threshold=threshold, for_seconds=0)
    service = fleet.service()
    ok = [calls.one("ok", 6000) for _ in range(4)]
    data = calls.pack(calls.merge([*ok, calls.one("tool_error", 6000)]))
    start = int(at(0).timestamp()) // 300 * 300
    ServiceCallRollup.objects.create(service=service, span=300, at=start, data=data)
    assert measured.follow(at(60)) == 1
    assert Episode.objects.get().summary == said
    measured.follow(at(1200))
    assert sent() == ["firing", "resolved"]


@pytest.mark.parametrize(
    ("metric", "threshold", "said"),
    [
        ("process_cpu", 80, "weather: its processes use 90 % of a core on average, above 80 %"),
        ("process_memory", 512, "weather: its processes use 600 MB on average, above 512 MB"),
    ],
)
def test_the_processes_of_a_program_are_compared_with_the_threshold_and_none_seen_says_nothing(
    fleet: Fleet, log_channel: Channel, metric: str, threshold: float, said: str
) -> None:
    make_rule(log_channel, condition="metric", metric=metric, threshold=threshold, for_seconds=0)
    service, small = fleet.service(), fleet.service("small")
    Service.objects.update(transport="stdio")
    fleet.service("elsewhere")

    def use(second: float, cpu: float | None, megabytes: float) -> None:
        row = {"cpu_percent": cpu, "memory_bytes": megabytes * 1e6, "processes": 2}
        sampling.write_processes(
            [(service.pk, row), (small.pk, row | {"cpu_percent": 1, "memory_bytes": 1})], at(second)
        )

    use(0, None, 500)
    use(15, 90, 700)
    assert measured.follow(at(60)) == 1
    assert Episode.objects.get().summary == said
    assert measured.follow(at(1200)) == 0
    assert sent() == ["firing"], "a worker that measures nothing is no good news"
    use(1500, 10, 100)
    measured.follow(at(1530))
    assert sent() == ["firing", "resolved"]


def test_a_rule_looks_at_the_services_of_its_agents(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, scope={"kind": "agents", "values": ["helper"]})
    agent = Agent.objects.create(name="helper", created_at=at(0), updated_at=at(0))
    for name in ("mine", "other"):
        fleet.service(name)
    AgentService.objects.create(agent=agent, service_name="mine")
    for service in Service.objects.all():
        fleet.move(service, S.RECONNECTING, at(1))
    assert Episode.objects.get().service.name == "mine"  # type: ignore[union-attr]


def test_many_that_are_beyond_a_threshold_at_once_are_told_in_parts_one_after_the_other(
    fleet: Fleet, log_channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "AT_ONCE", 2)
    monkeypatch.setattr(measured, "PARTS", 2)
    make_rule(log_channel, condition="metric", metric="consecutive_failures", threshold=2, for_seconds=0)
    for n in range(9):
        fleet.service(f"s{n}")
    ServiceState.objects.update(consecutive_failures=3)
    assert [evaluate.tick(at(n)) for n in range(4)] == [4, 4, 1, 0]
    assert len(sent()) == 9


def test_failures_in_a_row_are_compared_with_the_threshold(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="metric", metric="consecutive_failures", threshold=2, for_seconds=0)
    fleet.service()
    ServiceState.objects.update(consecutive_failures=2)
    assert measured.follow(at(0)) == 0
    ServiceState.objects.update(consecutive_failures=3)
    assert measured.follow(at(30)) == 1


def test_a_target_whose_budget_burns_is_told_of_its_service(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, condition="budget-burn", for_seconds=0)
    service = fleet.service()
    fleet.service("other")
    slo = Slo.objects.create(
        kind="availability", service=service, percent="99.9", created_by="a", created_at=at(0)
    )
    state = SloState.objects.create(slo=slo, version=1, evaluated_at=at(0), total_s=2580, left_s=1860)
    assert measured.follow(at(0)) == 0
    SloState.objects.filter(pk=state.pk).update(pages="3600/300")
    assert measured.follow(at(30)) == 1
    assert Episode.objects.get().summary == (
        "weather: burns the budget of its target of 99.9 %: 31 min of 43 min left"
    )


def test_what_is_measured_looks_only_at_its_scope_and_not_at_what_was_stopped(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(
        log_channel, condition="unusually-slow", for_seconds=0, scope={"kind": "tags", "values": ["eu"]}
    )
    inside, outside, stopped = (
        fleet.service("inside", tags=["eu"]),
        fleet.service("outside"),
        fleet.service("stopped", tags=["eu"], desired="stopped"),
    )
    for service in (inside, outside, stopped):
        slow(service, "slow")
    assert measured.follow(at(0)) == 1
    fleet.move(inside, S.RECONNECTING, at(10))
    fleet.move(inside, S.HEALTHY, at(20), event="connected")
    evaluate.sweep(at(25))
    assert Episode.objects.get().state == "firing"


@pytest.mark.parametrize("change", ["off", "other", "deleted"])
def test_a_rule_that_is_changed_ends_what_it_measured(
    fleet: Fleet, log_channel: Channel, change: str
) -> None:
    rule = make_rule(log_channel, condition="unusually-slow", for_seconds=0)
    slow(fleet.service(), "slow")
    measured.follow(at(0))
    if change == "deleted":
        evaluate.retire(rule, at(5), "ann")
    else:
        rule.enabled, rule.condition = (
            change != "off",
            "state-entered" if change == "other" else rule.condition,
        )
        rule.save()
        evaluate.reconsider(rule, at(5), "ann")
    assert sent() == ["firing", "resolved"]


def test_a_measured_rule_that_keeps_firing_ends_when_its_time_is_over(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="flapping", keep_firing_seconds=60)
    service = fleet.service()
    for number in range(6):
        StateChange.objects.create(service=service, after="HEALTHY", event="x", at=at(number))
    evaluate._swept_at = measured._looked_at = None
    for second in range(10, 900, 5):
        evaluate.tick(at(second))
    row = Episode.objects.get()
    assert row.state == "resolved" and row.resolved_at is not None
    assert at(660) <= row.resolved_at <= at(700)
