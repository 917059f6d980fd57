"""While a dependency does not serve, those that need it wait, and go on with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from lifecycle.models import AlertRule, Episode, FeedItem, ServiceState, StateChange
from registry.models import Role
from registry.services import change as service_change
from registry.services import register
from tests.doubles.fault_server import FaultServer
from tests.support.bench import HASTY, Bench

pytestmark = pytest.mark.django_db(transaction=True)
SLOW_RETRIES = replace(HASTY, base_delay=timedelta(seconds=60), max_delay=timedelta(seconds=60))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, SLOW_RETRIES)
    bench.start()
    yield bench
    bench.close()


def entry(server: FaultServer, *needs: str) -> dict[str, object]:
    return {"url": server.url, **({"dependsOn": list(needs)} if needs else {})}


def stop(bench: Bench, *servers: FaultServer) -> None:
    for server in servers:
        bench.call(server.stop())


def start(bench: Bench, *servers: FaultServer) -> None:
    for server in servers:
        bench.call(server.start())


def until_held(bench: Bench, name: str, by: str) -> ServiceState:
    bench.until(lambda: bench.row(name).held_by == by)
    return bench.row(name)


def chain(bench: Bench) -> tuple[FaultServer, FaultServer, FaultServer]:
    """maps <- weather <- news, all healthy."""
    servers = bench.server(), bench.server(), bench.server()
    maps, weather, news = servers
    bench.add_all(
        {"news": entry(news, "weather"), "weather": entry(weather, "maps"), "maps": entry(maps)},
    )
    for name in ("maps", "weather", "news"):
        bench.until_state(name, "HEALTHY")
    return servers


def test_the_first_connections_come_in_the_order_of_the_dependencies(bench: Bench) -> None:
    chain(bench)
    healthy = StateChange.objects.filter(after="HEALTHY").order_by("id")
    assert list(healthy.values_list("service__name", flat=True)) == ["maps", "weather", "news"]
    assert {bench.row(name).held_by for name in ("maps", "weather", "news")} == {""}


def test_a_whole_chain_waits_without_an_attempt_and_comes_back_at_once(bench: Bench) -> None:
    servers = chain(bench)
    stop(bench, *servers)
    held = until_held(bench, "weather", "maps")
    until_held(bench, "news", "weather")
    assert (held.state, held.next_retry_at) == ("RECONNECTING", None)
    before = {name: bench.row(name).reconnect_attempts for name in ("weather", "news")}
    bench.until(lambda: bench.row("maps").reconnect_attempts >= 2)
    assert {name: bench.row(name).reconnect_attempts for name in before} == before
    start(bench, *servers)
    for name in ("maps", "weather", "news"):
        bench.until_state(name, "HEALTHY")
    assert bench.row("news").held_by == ""


def test_what_had_come_to_the_long_cycle_is_tried_when_its_dependency_is_back(bench: Bench) -> None:
    maps, weather = bench.server("ok"), bench.server("401")
    bench.add_all({"maps": entry(maps), "weather": entry(weather, "maps")})
    bench.until_state("weather", "UNREACHABLE")
    bench.ask("stop", "maps")
    until_held(bench, "weather", "maps")
    weather.mode = "ok"
    bench.ask("start", "maps")
    bench.until_state("weather", "HEALTHY")
    back = StateChange.objects.get(service__name="weather", event="retry")
    assert (back.before, back.after) == ("UNREACHABLE", "RECONNECTING")
    assert back.reason == "its dependency is back: maps"


def test_reconnect_now_goes_through_whatever_the_dependency_does(bench: Bench) -> None:
    _maps, weather, _news = chain(bench)
    bench.ask("stop", "maps")
    assert bench.row("weather").state == "HEALTHY", "what serves goes on"
    stop(bench, weather)
    until_held(bench, "weather", "maps")
    failed = bench.ask("reconnect", "weather")
    assert (failed.state, "refused" in failed.error) == ("failed", True)
    until_held(bench, "weather", "maps")
    start(bench, weather)
    assert bench.ask("reconnect", "weather").state == "done"
    assert (bench.row("weather").state, bench.row("weather").held_by) == ("HEALTHY", "")


def test_each_of_several_dependencies_holds_until_the_last_is_back(bench: Bench) -> None:
    auth, maps, weather = bench.server(), bench.server(), bench.server()
    bench.add_all({"auth": entry(auth), "maps": entry(maps), "weather": entry(weather, "maps", "auth")})
    bench.until_state("weather", "HEALTHY")
    stop(bench, auth, maps, weather)
    until_held(bench, "weather", "auth maps")
    start(bench, auth, weather)
    until_held(bench, "weather", "maps")
    start(bench, maps)
    bench.until_state("weather", "HEALTHY")


def test_a_dependency_that_is_removed_or_taken_out_holds_no_longer(bench: Bench) -> None:
    maps, weather, news = chain(bench)
    stop(bench, maps, weather, news)
    until_held(bench, "weather", "maps")
    start(bench, weather, news)
    register.remove("maps", by="ann", now=timezone.now(), force=True)
    bench.until_state("weather", "HEALTHY")
    stop(bench, weather, news)
    until_held(bench, "news", "weather")
    start(bench, news)
    service_change.change("news", {"depends_on": []}, by="ann", role=Role.ADMIN, now=timezone.now())
    bench.until_state("news", "HEALTHY")


def test_a_dependency_that_is_added_holds_without_a_restart_of_the_worker(bench: Bench) -> None:
    maps, weather = bench.server(), bench.server()
    bench.add_all({"maps": {**entry(maps), "disabled": True}, "weather": entry(weather)})
    stop(bench, weather)
    bench.until_state("weather", "RECONNECTING")
    told = FeedItem.objects.filter(kind="list").count()
    service_change.change("weather", {"depends_on": ["maps"]}, by="ann", role=Role.ADMIN, now=timezone.now())
    until_held(bench, "weather", "maps")
    bench.until(lambda: FeedItem.objects.filter(kind="list").count() > told)


def test_a_new_worker_keeps_the_mark_and_lets_go_of_what_is_free_by_then(bench: Bench) -> None:
    servers = chain(bench)
    stop(bench, *servers)
    until_held(bench, "weather", "maps")
    bench.stop()
    assert bench.row("weather").held_by == "maps"
    bench.start("second")
    bench.until(lambda: bench.row("maps").worker == "second")
    attempts = bench.row("weather").reconnect_attempts
    bench.until(lambda: bench.row("maps").last_failure_at is not None)
    assert (bench.row("weather").held_by, bench.row("weather").reconnect_attempts) == ("maps", attempts)
    start(bench, *servers)
    bench.until_state("news", "HEALTHY")


def test_the_loss_of_a_service_has_what_it_needs_checked_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(SLOW_RETRIES, health_check_interval=timedelta(seconds=60)))
    bench.start()
    try:
        maps, weather, _news = chain(bench)
        stop(bench, maps, weather)
        assert bench.ask("check", "weather").state == "done"
        bench.until_state("maps", "RECONNECTING", limit=2)
        until_held(bench, "weather", "maps")
    finally:
        bench.close()


def test_what_is_lost_while_its_dependency_is_down_raises_no_alert(bench: Bench) -> None:
    _maps, weather, _news = chain(bench)
    values = {"states": ["RECONNECTING"], "for_seconds": 0, "created_at": timezone.now()}
    AlertRule.objects.create(name="down", condition="state-entered", **values)
    bench.ask("stop", "maps")
    stop(bench, weather)
    until_held(bench, "weather", "maps")
    episode = Episode.objects.get(service__name="weather")
    assert (episode.state, episode.due_at) == ("pending", None)


def test_the_state_of_a_dependency_that_another_worker_holds_is_seen_in_the_rows(bench: Bench) -> None:
    _maps, weather, _news = chain(bench)
    pk = bench.row("maps").pk
    assert bench.worker is not None
    bench.worker.context.relations._members.pop(pk)
    ServiceState.objects.filter(pk=pk).update(state="UNREACHABLE")
    stop(bench, weather)
    until_held(bench, "weather", "maps")
    start(bench, weather)
    ServiceState.objects.filter(pk=pk).update(state="HEALTHY")
    bench.until_state("weather", "HEALTHY", limit=3)


def test_waiting_services_take_no_place_from_others(bench: Bench) -> None:
    hanging, waited_for, fine = bench.server("hang"), bench.server(), bench.server()
    bench.add("maps", entry(hanging))
    bench.add_all({f"weather-{n}": entry(waited_for, "maps") for n in range(30)})
    bench.until(lambda: ServiceState.objects.filter(held_by="maps").count() == 30)
    bench.add("other", {"url": fine.url})
    bench.until_state("other", "HEALTHY")
    assert list(waited_for.requests) == [], "none of those that wait has tried"
