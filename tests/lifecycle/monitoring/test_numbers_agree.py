"""One random history, and every place that tells of it: all give the figures that a slow look at it gives."""

from __future__ import annotations

import csv
import json
import math
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.health.verdict import LEVELS
from lifecycle.models import CheckResult, StateChange, WorkerSeen
from lifecycle.monitoring.prometheus.queries import midnight
from lifecycle.monitoring.rollups.write import Rollups, Sample
from lifecycle.pages.humanize import milliseconds
from mcpstore_site.store import MCPStore
from registry.models import Service
from tests.lifecycle.monitoring.prometheus.test_metrics import called, samples, scraped
from tests.support.api import Api
from tests.support.pages import make_service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ANSWERED = ("healthy", "warning", "slow")
OUTCOMES = ("ok", "ok", "ok", "tool_error", "timeout", "refused")
BEFORE = 3600.0
SHARES = {0.5: "p50_ms", 0.95: "p95_ms", 0.99: "p99_ms"}


@dataclass
class Past:
    """What happened to one service from *start* to *end*; times in seconds since *start*."""

    start: datetime
    end: datetime
    checks: list[tuple[float, str, int | None]] = field(default_factory=list)
    calls: list[tuple[float, str, float | None]] = field(default_factory=list)
    states: list[tuple[float, str]] = field(default_factory=list)

    @property
    def length(self) -> float:
        return (self.end - self.start).total_seconds()

    def levels(self) -> Counter[str]:
        return Counter(level for _, level, _ in self.checks)

    def times(self) -> list[int]:
        return sorted(ms for _, _, ms in self.checks if ms is not None)

    def made(self) -> list[str]:
        return [outcome for _, outcome, _ in self.calls if outcome != "refused"]

    def serving(self) -> tuple[int, int]:
        """Seconds in which it served, and in which it was down, looked at one by one."""
        found: Counter[str] = Counter()
        for second in range(int(self.length)):
            found[[state for at, state in self.states if at <= second][-1]] += 1
        return found["HEALTHY"], found["RECONNECTING"]


def nearest_rank(values: Sequence[float], share: float) -> float:
    return values[max(math.ceil(share * len(values)), 1) - 1]


def happened(chance: random.Random, now: datetime) -> Past:
    past = Past(midnight(now), now)
    most = past.length - 5
    for _ in range(400):
        level = chance.choice([level.value for level in LEVELS])
        ms = round(chance.lognormvariate(4, 1.5)) if level in ANSWERED else None
        past.checks.append((chance.uniform(0, most), level, ms))
    for _ in range(60):
        outcome = chance.choice(OUTCOMES)
        took = None if outcome == "refused" else chance.uniform(1, 9000)
        past.calls.append((chance.uniform(0, most), outcome, took))
    edges = sorted(chance.uniform(0, most) for _ in range(8))
    past.states = [(-BEFORE, "HEALTHY")]
    past.states += [(at, ("RECONNECTING", "HEALTHY")[n % 2]) for n, at in enumerate(edges)]
    return past


def store(past: Past, service: Service) -> None:
    """As workers write it."""
    numbers = {level.value: number for number, level in enumerate(LEVELS)}
    first = past.start.timestamp()
    rows = {round((first + at) * 1000): (numbers[level], ms) for at, level, ms in past.checks}
    assert len(rows) == len(past.checks)
    samples_ = [Sample(service.pk, 0, at, level, ms) for at, (level, ms) in sorted(rows.items())]
    CheckResult.objects.bulk_create(
        CheckResult(service_id=one.service_id, at=one.at, level=one.level, ms=one.ms) for one in samples_
    )
    Rollups().add(samples_)
    for at, outcome, took in past.calls:
        called(service, past.start + timedelta(seconds=at), outcome, took)
    before = ""
    for at, state in past.states:
        moment = past.start + timedelta(seconds=at)
        StateChange.objects.create(service=service, before=before, after=state, event="x", at=moment)
        before = state
    now = past.end
    WorkerSeen.objects.create(
        name="w", host="h", pid=1, started_at=past.start - timedelta(days=3), seen_at=now, connecting={}
    )


@pytest.fixture(params=range(3))
def past(request: pytest.FixtureRequest, db: None) -> Past:
    while (now := timezone.now()) - midnight(now) < timedelta(minutes=2):
        time.sleep(5)
    found = happened(random.Random(request.param), now)
    created = found.start - timedelta(days=3)
    service = make_service("weather", created_at=created, state_entered_at=created)
    store(found, service)
    return found


def totals_by_oracle(past: Past) -> dict[str, Any]:
    levels, times, made = past.levels(), past.times(), past.made()
    took = [ms for _, outcome, ms in past.calls if outcome != "refused"]
    return {
        "checks": len(past.checks) - levels["unknown"],
        "inconclusive": levels["unknown"],
        "healthy_checks": sum(levels[level] for level in ANSWERED),
        "avg_ms": sum(times) / len(times),
        "min_ms": times[0],
        "max_ms": times[-1],
        "total_calls": len(made),
        "failed_calls": sum(outcome != "ok" for outcome in made),
        "refused_calls": len(past.calls) - len(made),
        "slow_calls": sum((ms or 0) > 5000 for ms in took),
        "outages": 4,
        "reconnections": 4,
    }


def agree(totals: dict[str, Any], past: Past) -> None:
    """REST's sums are those of the oracle; percentiles within the sketch's error, times to the second."""
    for name, value in totals_by_oracle(past).items():
        assert totals[name] == pytest.approx(value), name
    for share, name in SHARES.items():
        assert totals[name] == pytest.approx(nearest_rank(past.times(), share), rel=0.025), name
    serving, down = past.serving()
    assert totals["serving_s"] == pytest.approx(serving, abs=10)
    assert totals["down_s"] == pytest.approx(down, abs=10)
    assert totals["availability"] == pytest.approx(serving / (serving + down) * 100, abs=0.1)


def test_every_place_gives_the_same_figures(past: Past, api_viewer: Api, viewer: Client) -> None:
    window = {"from": past.start.isoformat(), "to": past.end.isoformat()}
    rest = api_viewer.get("services/weather/metrics", **window).json()
    agree(rest["totals"], past)

    exported = b"".join(api_viewer.get("export.json", **window).streaming_content)
    (document,) = json.loads(exported)["services"]
    assert document["totals"] == rest["totals"]
    points: Counter[str] = sum((Counter(point["levels"]) for point in document["points"]), Counter())
    assert points == past.levels()

    text = b"".join(api_viewer.get("services/weather/export.csv", **window).streaming_content).decode()
    rows = list(csv.DictReader(StringIO(text, newline="")))
    for level, count in past.levels().items():
        assert sum(int(row[level] or 0) for row in rows) == count, level
    assert sum(int(row["checks"] or 0) for row in rows) == rest["totals"]["checks"]
    assert sum(int(row["calls"] or 0) for row in rows) == rest["totals"]["total_calls"]
    assert sum(int(row["failed_calls"] or 0) for row in rows) == rest["totals"]["failed_calls"]

    charts = viewer.get("/services/weather/charts.json", window).json()["charts"]
    assert sum(sum(filter(None, column)) for column in charts["checks"]["columns"].values()) == len(
        past.checks
    )

    by_page(past, api_viewer, viewer)
    by_python(past, rest["totals"])
    by_prometheus(past, rest["totals"])


def by_page(past: Past, api: Api, viewer: Client) -> None:
    """What stands in the HTML, all of which lies within the last 24 hours."""
    rest = api.get("services/weather").json()["uptime"]["24h"]
    metrics = api.get("services/weather/metrics", range="24h").json()["totals"]
    card = re.search(
        r'class="uptimes"><div><dt>([^<]+)</dt><dd><strong>([0-9.]+) %', shown(viewer, "/services/weather/")
    )
    assert card and card[1] == "24 hours"
    assert float(card[2]) == pytest.approx(rest["percent"], abs=0.01)
    serving, down = past.serving()
    every = serving + down + min(BEFORE, timedelta(days=1).total_seconds() - past.length)
    assert float(card[2]) == pytest.approx((every - down) / every * 100, abs=0.1)
    cells = re.findall(
        r'class="n[^>]*><span class="on-phones">[^<]*</span> ([^<]+)</td>',
        shown(viewer, "/services/weather/calls/"),
    )
    called, failed, slow, p50, p95 = cells
    assert (int(called), int(slow)) == (len(past.made()), metrics["slow_calls"])
    assert int(failed.split()[0]) == metrics["failed_calls"] == len(past.made()) - past.made().count("ok")
    assert (p50, p95) == tuple(milliseconds(metrics[f"call_{name}_ms"]) for name in ("p50", "p95"))


def shown(viewer: Client, path: str) -> str:
    return viewer.get(path).content.decode()


def by_python(past: Past, rest: dict[str, Any]) -> None:
    duration = (timezone.now() - past.start).total_seconds()
    found = MCPStore.setup_store().get_service_metrics("weather", duration)
    assert (found.total_checks, found.healthy_checks) == (rest["checks"], rest["healthy_checks"])
    assert (found.total_calls, found.failed_calls) == (rest["total_calls"], rest["failed_calls"])
    assert found.error_rate == rest["error_rate"]
    assert found.avg_response_time == pytest.approx(rest["avg_ms"] / 1000)
    assert found.p95_response_time == pytest.approx(rest["p95_ms"] / 1000)
    assert found.reconnections == rest["reconnections"]
    assert found.availability == pytest.approx(rest["availability"], abs=0.1)


def by_prometheus(past: Past, rest: dict[str, Any]) -> None:
    found = samples(scraped())
    for level, count in past.levels().items():
        assert found["mcpstore_checks_total", level, "weather"] == count, level
    assert found["mcpstore_check_duration_seconds_count", "weather"] == len(past.times())
    assert found["mcpstore_check_duration_seconds_sum", "weather"] == pytest.approx(sum(past.times()) / 1000)
    for power in range(15):
        bound = repr(2**power / 1000)
        below = sum(ms <= 2**power for ms in past.times())
        assert found["mcpstore_check_duration_seconds_bucket", bound, "weather"] == below, bound
    calls = {outcome: found["mcpstore_tool_calls_total", outcome, "weather"] for outcome in ("ok", "failed")}
    assert calls == {"ok": rest["total_calls"] - rest["failed_calls"], "failed": rest["failed_calls"]}
    assert found["mcpstore_tool_calls_slow_total", "weather"] == rest["slow_calls"]
    assert found["mcpstore_service_reconnections_total", "weather"] == rest["reconnections"]
