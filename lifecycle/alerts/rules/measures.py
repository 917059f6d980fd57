"""What the conditions say that are measured over time: of which services they hold, and why in words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from operator import itemgetter
from typing import Generic, TypeVar

from django.db.models import Count

from lifecycle.core.alerting import evaluate, measured, subjects
from lifecycle.core.alerting.measured import Metric
from lifecycle.core.alerting.subjects import Kind
from lifecycle.core.monitoring import calls, packing
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.gauges import Gauges
from lifecycle.core.monitoring.summary import Summary
from lifecycle.models import (
    AlertRule,
    Rollup5m,
    ServiceCallRollup,
    ServiceState,
    SloState,
    Slowness,
    StateChange,
)
from lifecycle.monitoring.hosts.sampling import PROCESSES
from lifecycle.signin import queries as signin
from registry.imports.catalog import queries as catalog_queries
from registry.models import Service, Transport

Condition = AlertRule.Condition
BUCKET = 300
T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """By service: the reason where it holds, and of whom nothing is known; of all others it does not hold."""

    true: Mapping[int, str]
    unknown: frozenset[int] = field(default_factory=frozenset)

    def of(self, service: int) -> bool | None:
        if service in self.true:
            return True
        return None if service in self.unknown else False


class Looks:
    """All rules at one moment; what several of them look at is read once, of all services together."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._slow = cache(_slow)
        self._flapping = cache(lambda: _flapping(now))
        self._burning = cache(_burning)
        self._failing = cache(_failing)
        self._rolled = cache(partial(_rolled, now))
        self._called = cache(partial(_called, now))
        self._used = cache(partial(_used, now))
        self._sorted: dict[tuple[int, Metric], list[tuple[float, int]]] = {}

    def of(self, rule: AlertRule) -> Found:
        match Condition(rule.condition):
            case Condition.FLAPPING:
                return self._flapping()
            case Condition.UNUSUALLY_SLOW:
                return self._slow()
            case Condition.BUDGET_BURN:
                return self._burning()
            case Condition.CERTIFICATE:
                return _certificates(timedelta(days=rule.threshold), self._now)
            case Condition.ACCESS:
                return _sign_ins(timedelta(days=rule.threshold), self._now)
            case Condition.UPSTREAM:
                return Found(catalog_queries.given_up())
            case _:
                return self._metric(rule, Metric(rule.metric))

    def _metric(self, rule: AlertRule, metric: Metric) -> Found:
        if metric is Metric.CONSECUTIVE_FAILURES:
            return Found(_beyond(self._failing(), metric, rule.threshold))
        if metric in measured.OF_PROCESSES:
            used = self._used(rule.window_seconds)
            return Found(_beyond(_used_values(metric, used.of), metric, rule.threshold), used.unknown)
        if metric not in measured.OF_CHECKS:
            called = self._called(rule.window_seconds)
            return Found(_beyond(_call_values(metric, called), metric, rule.threshold))
        rolled = self._rolled(rule.window_seconds)
        key = rule.window_seconds, metric
        if key not in self._sorted:
            self._sorted[key] = _values(metric, rolled.of)
        return Found(_beyond(self._sorted[key], metric, rule.threshold), rolled.unknown)


def _beyond(values: Sequence[tuple[float, int]], metric: Metric, threshold: float) -> dict[int, str]:
    """Of values in their order those that are worse, with the words for it."""
    low = metric is Metric.AVAILABILITY
    cut = (bisect_left if low else bisect_right)(values, threshold, key=itemgetter(0))
    worse = values[:cut] if low else values[cut:]
    return {key: measured.metric_text(metric, value, threshold) for value, key in worse}


def _values(metric: Metric, summaries: Mapping[int, Summary]) -> list[tuple[float, int]]:
    found = ((measured.value(metric, summary), key) for key, summary in summaries.items())
    return sorted((value, key) for value, key in found if value is not None)


def _call_values(metric: Metric, summaries: Mapping[int, CallSummary]) -> list[tuple[float, int]]:
    found = ((measured.value_of_calls(metric, summary), key) for key, summary in summaries.items())
    return sorted((value, key) for value, key in found if value is not None)


def _used_values(metric: Metric, gauges: Mapping[int, Gauges]) -> list[tuple[float, int]]:
    found = ((measured.value_of_processes(metric, one), key) for key, one in gauges.items())
    return sorted((value, key) for value, key in found if value is not None)


def _flapping(now: datetime) -> Found:
    since = now - measured.FLAPPING_WITHIN
    rows = StateChange.objects.filter(at__gt=since, at__lte=now).order_by().values_list("service")
    counted = rows.annotate(n=Count("id")).filter(n__gt=measured.FLAPPING_OVER)
    return Found({key: measured.flapping_text(n) for key, n in counted})


def _slow() -> Found:
    rows = Slowness.objects.exclude(verdict=Slowness.Verdict.USUAL)
    true, unknown = {}, set()
    for key, verdict, median, usual in rows.values_list("service", "verdict", "median_ms", "usual_ms"):
        if verdict == Slowness.Verdict.SLOW:
            true[key] = measured.slow_text(median, usual)
        elif verdict != Slowness.Verdict.ABOVE:
            unknown.add(key)
    return Found(true, frozenset(unknown))


def _burning() -> Found:
    """Of a target of a tag those services are told of that do not serve, or the first where all do."""
    true: dict[int, str] = {}
    for state in SloState.objects.exclude(pages="").select_related("slo"):
        text = measured.burning_text(float(state.slo.percent), state.left_s, state.total_s)
        if state.slo.service_id:
            true[state.slo.service_id] = text
            continue
        tagged = [key for key, tags in _tags() if state.slo.tag in tags]
        down = ServiceState.objects.filter(service__in=tagged, not_serving_since__isnull=False)
        true |= dict.fromkeys([*down.values_list("service", flat=True)] or tagged[:1], text)
    return Found(true)


def _certificates(within: timedelta, now: datetime) -> Found:
    rows = ServiceState.objects.filter(certificate_until__lt=now + within)
    ends = rows.values_list("service", "certificate_until")
    return Found({key: measured.ending_text("its certificate", end, now) for key, end in ends if end})


def _sign_ins(within: timedelta, now: datetime) -> Found:
    ends = signin.ending(now + within)
    return Found({key: measured.ending_text("its sign-in", end, now) for key, end in ends.items()})


def _tags() -> list[tuple[int, list[str]]]:
    return list(Service.objects.listed().order_by("name").values_list("pk", "tags"))


def _failing() -> list[tuple[float, int]]:
    """Those with failures in a row, the fewest first."""
    rows = ServiceState.objects.filter(consecutive_failures__gt=0).order_by("consecutive_failures")
    return list(rows.values_list("consecutive_failures", "service"))


@dataclass(frozen=True)
class _Window(Generic[T]):
    of: Mapping[int, T]
    unknown: frozenset[int]


def _rolled(now: datetime, seconds: int) -> _Window[Summary]:
    """From the figures of 5 minutes; nothing was measured where there are none."""
    first = int((now - timedelta(seconds=seconds)).timestamp()) // BUCKET * BUCKET
    every = Service.objects.listed()
    rows = Rollup5m.objects.filter(service_id__in=every.values("pk"), at__gte=first)
    parts: defaultdict[int, list[bytes]] = defaultdict(list)
    for key, data in rows.values_list("service_id", "data"):
        parts[key].append(bytes(data))
    merged = {key: packing.merge(pieces) for key, pieces in parts.items()}
    return _Window(merged, frozenset(every.values_list("pk", flat=True)) - frozenset(merged))


def _used(now: datetime, seconds: int) -> _Window[Gauges]:
    """By the processes of stdio services; where none was seen nothing is known, others have none."""
    first = int((now - timedelta(seconds=seconds)).timestamp()) // BUCKET * BUCKET
    programs = Service.objects.listed().filter(transport=Transport.STDIO).values_list("pk", flat=True)
    rows = PROCESSES.rows._default_manager.filter(service_id__in=programs, span=BUCKET, at__gte=first)
    parts: defaultdict[int, list[Gauges]] = defaultdict(list)
    for key, data in rows.values_list("service_id", "data"):
        parts[key].append(PROCESSES.unpack(bytes(data)))
    merged = {key: PROCESSES.merge(pieces) for key, pieces in parts.items()}
    return _Window(merged, frozenset(programs) - frozenset(merged))


def _called(now: datetime, seconds: int) -> dict[int, CallSummary]:
    """The tool calls of a window, by service; of a service that nobody called there is nothing to tell."""
    first = int((now - timedelta(seconds=seconds)).timestamp()) // BUCKET * BUCKET
    rows = ServiceCallRollup.objects.filter(span=BUCKET, at__gte=first)
    parts: defaultdict[int, list[CallSummary]] = defaultdict(list)
    for key, data in rows.values_list("service_id", "data"):
        parts[key].append(calls.unpack(bytes(data)))
    return {key: calls.merge(pieces) for key, pieces in parts.items()}


MEASURED = tuple(one.value for one in evaluate.MEASURED if Kind.SERVICE in subjects.about(one))
"""Those that are of services."""
