"""`GET /metrics`: what it says, in both formats, and to whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import calls, packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import AlertRule, Episode, HostSample, Rollup5m, StateChange, ToolCall, WorkerSeen
from lifecycle.monitoring.calls import record as call_record
from lifecycle.monitoring.prometheus import encoding, queries
from lifecycle.monitoring.settings import change
from registry.access import tokens
from registry.models import Role, Service
from tests.support.api import user_of
from tests.support.pages import make_service

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def scraped(accept: str = "", **more: Any) -> str:
    answer = Client().get("/metrics", headers={"Accept": accept}, **more)
    assert answer.status_code == 200
    return answer.content.decode()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, sorted by label."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for one in family.samples:
            key = key_of(one)
            assert key not in found, key
            found[key] = one.value
    return found


def key_of(one: Sample) -> tuple[str, ...]:
    return (one.name, *(one.labels[label] for label in sorted(one.labels)))


@pytest.fixture
def now() -> datetime:
    """Not so soon after midnight that what is older would be of yesterday."""
    return max(timezone.now(), queries.midnight(timezone.now()) + timedelta(seconds=1))


def checked(service: Service, at: datetime, checks: Iterable[tuple[int, int | None]]) -> None:
    start = int(at.timestamp()) // 300 * 300
    Rollup5m.objects.create(service=service, at=start, data=packing.pack(summaries.of(checks)))


def called(service: Service, at: datetime, outcome: str, ms: float | None) -> None:
    """One call, as a worker writes it down."""
    slow = (ms or 0) > 5000
    call_record.count(service.pk, "echo", calls.one(outcome, ms, slow), int(at.timestamp()))
    one = {"service": service, "tool": "echo", "outcome": outcome, "duration_ms": ms, "by": "ann"}
    ToolCall.objects.create(at=int(at.timestamp() * 1000), slow=slow, **one)


def test_a_service_its_checks_and_its_calls(now: datetime) -> None:
    service = make_service("weather", tools_count=3, consecutive_failures=2, state=State.WARNING)
    down = make_service("down", State.UNREACHABLE)
    checked(service, now, [(0, 1), (0, 2), (0, 3), (2, 9000), (6, None), (7, None)])
    for outcome, ms in (("ok", 100.0), ("tool_error", 6000.0), ("refused", None)):
        called(service, now, outcome, ms)
    StateChange.objects.create(service=down, before="RECONNECTING", after="HEALTHY", event="ok", at=now)
    found = samples(scraped())
    assert found["mcpstore_service_up", "weather"] == 1
    assert found["mcpstore_service_up", "down"] == 0
    assert found["mcpstore_service_state", "weather", "WARNING"] == 1
    assert found["mcpstore_service_state", "down", "UNREACHABLE"] == 1
    assert found["mcpstore_service_tools", "weather"] == 3
    assert found["mcpstore_service_consecutive_failures", "weather"] == 2
    assert found["mcpstore_checks_total", "healthy", "weather"] == 3
    assert found["mcpstore_checks_total", "failed", "weather"] == 1
    assert found["mcpstore_checks_total", "unknown", "weather"] == 1
    assert found["mcpstore_check_duration_seconds_count", "weather"] == 4
    assert found["mcpstore_check_duration_seconds_sum", "weather"] == pytest.approx(9.006)
    assert found["mcpstore_check_duration_seconds_bucket", "0.001", "weather"] == 1
    assert found["mcpstore_check_duration_seconds_bucket", "0.002", "weather"] == 2
    assert found["mcpstore_check_duration_seconds_bucket", "0.004", "weather"] == 3
    assert found["mcpstore_check_duration_seconds_bucket", "8.192", "weather"] == 3
    assert found["mcpstore_check_duration_seconds_bucket", "16.384", "weather"] == 4
    assert found["mcpstore_fleet_check_duration_seconds_count",] == 4
    assert found["mcpstore_tool_calls_total", "failed", "weather"] == 1
    assert found["mcpstore_tool_calls_total", "ok", "weather"] == 1
    assert found["mcpstore_tool_calls_total", "refused", "weather"] == 1
    assert found["mcpstore_tool_calls_slow_total", "weather"] == 1
    assert found["mcpstore_tool_call_duration_seconds_count", "weather"] == 2
    assert found["mcpstore_service_reconnections_total", "down"] == 1
    assert found["mcpstore_service_reconnections_total", "weather"] == 0
    assert found["mcpstore_services", "UNREACHABLE"] == 1
    assert not [key for key in found if "echo" in key]


def test_the_fleet_its_hosts_workers_and_alerts(now: datetime) -> None:
    WorkerSeen.objects.create(
        name="w", host="h1", pid=1, started_at=now, seen_at=now, services=7, late_ms=250, connecting={}
    )
    HostSample.objects.create(
        host="h1", at=int(now.timestamp() * 1000), cpu_percent=12.5, memory_used=3, memory_total=4,
        disk_used=5, disk_total=10, sent_per_s=None, received_per_s=8,
    )  # fmt: skip
    rule = AlertRule.objects.create(name="r", level="CRITICAL", condition="state-entered", created_at=now)
    for state in ("firing", "resolved"):
        Episode.objects.create(rule=rule, service=make_service(state), state=state, opened_at=now)
    found = samples(scraped())
    assert found["mcpstore_alerts_open", "CRITICAL", "firing"] == 1
    assert sum(value for key, value in found.items() if key[0] == "mcpstore_alerts_open") == 1
    assert found["mcpstore_host_cpu_ratio", "h1"] == 0.125
    assert found["mcpstore_host_memory_limit_bytes", "h1"] == 4
    assert ("mcpstore_host_network_sent_bytes_per_second", "h1") not in found
    assert found["mcpstore_worker_up", "h1", "w"] == 1
    assert found["mcpstore_worker_check_lateness_seconds", "h1", "w"] == 0.25
    assert found["mcpstore_services_limited",] == 0


def test_openmetrics_says_the_same(now: datetime) -> None:
    checked(make_service("weather"), now, [(0, 20), (1, 1500)])
    first = samples(scraped())
    text = scraped(OPENMETRICS)
    assert text.endswith("# EOF\n")
    second = {
        key_of(one): one.value
        for family in openmetrics.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for one in family.samples
    }
    assert set(first) == set(second)
    passing = ("mcpstore_scrape_duration_seconds", "mcpstore_service_uptime", "mcpstore_fleet_uptime")
    assert all(first[key] == second[key] for key in first if not key[0].startswith(passing))


def test_a_sample_lies_below_the_bound_that_the_law_of_the_sketch_gives_it() -> None:
    times = [0, 1, 2, 3, 4, 5, 1000, 1024, 1025, 16_384, 16_385, 10**6]
    summary = summaries.of((0, ms) for ms in times)
    for bound, count in zip(encoding.BOUNDS, encoding.counts(summary.sketch), strict=True):
        assert count == sum(ms <= float(bound) * 1000 for ms in times), bound


def test_with_too_many_services_there_are_totals_only(now: datetime) -> None:
    for name in ("a", "b", "c"):
        make_service(name)
    limit = {"prometheus_services": 2}
    change.change(limit, by="ann", role=Role.ADMIN, now=now)
    found = samples(scraped())
    assert (found["mcpstore_services_limited",], found["mcpstore_services_limit",]) == (1, 2)
    assert found["mcpstore_services", "HEALTHY"] == 3
    assert not [key for key in found if key[0].startswith("mcpstore_service_") or "a" in key[1:]]
    assert ("mcpstore_fleet_check_duration_seconds_count",) in found


def test_an_empty_console_has_figures_too() -> None:
    found = samples(scraped())
    assert found["mcpstore_services", "HEALTHY"] == 0
    assert found["mcpstore_fleet_check_duration_seconds_count",] == 0
    assert list(openmetrics.text_string_to_metric_families(scraped(OPENMETRICS)))  # type: ignore[no-untyped-call]


# -- who may look


def status(address: str, token: str = "", **headers: str) -> int:
    said = {"Authorization": f"Bearer {token}"} if token else {}
    answer = Client().get("/metrics", REMOTE_ADDR=address, headers={**said, **headers})
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"] == "Bearer"
        assert b"mcpstore_" not in answer.content
    return answer.status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.4.5", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_look_without_a_token(address: str) -> None:
    assert status(address) == 200


@pytest.mark.parametrize("address", ["10.0.0.7", "192.0.2.1", "2001:db8::1", "", "testclient"])
def test_others_need_a_token_of_any_role(address: str) -> None:
    now, user = timezone.now(), user_of(Role.VIEWER)
    token = tokens.issue(user, Role.VIEWER, now)
    assert status(address) == 401
    assert status(address, "mcps_made-up") == 401
    assert status(address, token) == 200
    User.objects.update(is_active=False)
    assert status(address, token) == 401


def test_a_wrong_token_is_refused_on_this_machine_too() -> None:
    assert status("127.0.0.1", "mcps_made-up") == 401
    assert Client().get("/metrics", headers={"Authorization": "Basic eDp5"}).status_code == 401


PROXIED = [
    {"X-Forwarded-For": "192.0.2.1"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 proxy"},
]


@pytest.mark.parametrize("headers", PROXIED)
def test_behind_a_proxy_that_nobody_trusts_being_near_is_not_enough(headers: dict[str, str]) -> None:
    """The proxy stands on this machine; who asks through it may be anywhere."""
    assert status("127.0.0.1", **headers) == 401


@pytest.mark.parametrize("headers", [{}, *PROXIED])
def test_behind_a_trusted_proxy_the_client_counts_and_not_the_proxy(
    settings: Any, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = ("127.0.0.1/32",)
    assert status("127.0.0.1", **headers) == 401


def test_a_client_on_this_machine_may_come_through_a_trusted_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ("10.0.0.0/8",)
    assert status("10.0.0.1", **{"X-Forwarded-For": "127.0.0.1"}) == 200
    assert status("10.0.0.1", **{"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}) == 401
    assert status("10.0.0.1") == 401


def test_it_is_read_and_not_written() -> None:
    assert Client().post("/metrics").status_code == 405
    assert Client().head("/metrics").status_code == 200


ODDLY = 'a "b"\\n \\ c\nd'
ODD = [
    encoding.Family(kind="gauge", name="g", about="said\n\\", labels=["x", "y"], values={(ODDLY, "é"): 0.1}),
    encoding.Family(kind="counter", name="c", about="counts", labels=[], values={(): 12}),
    encoding.Family(kind="histogram", name="h", about="times", labels=["x"], values={("a",): ({16: 3}, 6)}),
    encoding.Family(kind="histogram", name="i", about="times", labels=[], values={(): ({-160: 1}, 0)}),
    encoding.Family(kind="gauge", name="n", about="none", labels=["x"], values={}),
]


@pytest.mark.parametrize("as_openmetrics", [False, True])
def test_both_parsers_read_what_is_written(as_openmetrics: bool) -> None:
    text = encoding.text(ODD, openmetrics=as_openmetrics)
    read = openmetrics.text_string_to_metric_families if as_openmetrics else text_string_to_metric_families
    found = {family.name: family for family in read(text)}
    assert {name: family.type for name, family in found.items()} == {
        "g": "gauge", "c": "counter", "h": "histogram", "i": "histogram", "n": "gauge",
    }  # fmt: skip
    assert found["g"].documentation == "said\n\\"
    [gauge] = found["g"].samples
    assert (gauge.labels, gauge.value) == ({"x": ODDLY, "y": "é"}, 0.1)
    [counter] = found["c"].samples
    assert (counter.name, counter.value) == ("c_total", 12)
    below = {one.labels["le"]: one.value for one in found["h"].samples if one.name == "h_bucket"}
    assert (below["0.001"], below["0.002"], below["16.384"], below["+Inf"]) == (0, 3, 3, 3)
    assert {one.name: one.value for one in found["i"].samples if "le" not in one.labels} == {
        "i_count": 1, "i_sum": 0,
    }  # fmt: skip


def test_what_is_written_late_into_an_hour_that_is_over_counts_at_once(now: datetime) -> None:
    service, other = make_service("a"), make_service("b")
    closed, key = queries.Closed(), service.pk
    rows = [packing.pack(summaries.of([(0, ms)])) for ms in (10, 20)]
    first = closed.merge(key, list(rows))
    assert first.checks == 2 and closed.merge(key, list(rows)) is first
    rows[1] = packing.pack(summaries.of([(0, 20), (0, 30)]))
    assert closed.merge(key, list(rows)).checks == 3
    assert closed.merge(other.pk, rows[:1]).checks == 1
    closed.keep([other.pk])
    assert closed.merge(key, rows[:1]).checks == 1
