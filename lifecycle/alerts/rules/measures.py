"""What the conditions say that are measured over time: of which services they hold, and why in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count

from lifecycle.core.alerting import measured
from lifecycle.core.alerting.measured import Metric
from lifecycle.core.monitoring import packing
from lifecycle.models import AlertRule, Rollup5m, ServiceState, SloState, Slowness, StateChange
from registry.models import Service

Condition = AlertRule.Condition
BUCKET = 300


@dataclass(frozen=True)
class Found:
    """By service: the reason where it holds, and of whom nothing is known; of all others it does not hold."""

    true: Mapping[int, str]
    unknown: frozenset[int] = field(default_factory=frozenset)

    def of(self, service: int) -> bool | None:
        if service in self.true:
            return True
        return None if service in self.unknown else False


def look(rule: AlertRule, now: datetime) -> Found:
    """A few queries for all services together."""
    return _LOOKS[Condition(rule.condition)](rule, now)


def _flapping(rule: AlertRule, now: datetime) -> Found:
    since = now - measured.FLAPPING_WITHIN
    rows = StateChange.objects.filter(at__gt=since, at__lte=now).order_by().values_list("service")
    counted = rows.annotate(n=Count("id")).filter(n__gt=measured.FLAPPING_OVER)
    return Found({key: measured.flapping_text(n) for key, n in counted})


def _slow(rule: AlertRule, now: datetime) -> Found:
    rows = Slowness.objects.exclude(verdict=Slowness.Verdict.USUAL)
    true, unknown = {}, set()
    for key, verdict, median, usual in rows.values_list("service", "verdict", "median_ms", "usual_ms"):
        if verdict == Slowness.Verdict.SLOW:
            true[key] = measured.slow_text(median, usual)
        elif verdict != Slowness.Verdict.ABOVE:
            unknown.add(key)
    return Found(true, frozenset(unknown))


def _burning(rule: AlertRule, now: datetime) -> Found:
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


def _tags() -> list[tuple[int, list[str]]]:
    return list(Service.objects.listed().order_by("name").values_list("pk", "tags"))


def _metric(rule: AlertRule, now: datetime) -> Found:
    metric = Metric(rule.metric)
    if metric is Metric.CONSECUTIVE_FAILURES:
        rows = ServiceState.objects.filter(consecutive_failures__gt=rule.threshold)
        found = rows.values_list("service", "consecutive_failures")
        return Found({key: measured.metric_text(metric, n, rule.threshold) for key, n in found})
    return _rolled(rule, metric, now)


def _rolled(rule: AlertRule, metric: Metric, now: datetime) -> Found:
    """From the figures of 5 minutes; nothing was measured where there are none."""
    first = int((now - timedelta(seconds=rule.window_seconds)).timestamp()) // BUCKET * BUCKET
    parts: defaultdict[int, list[bytes]] = defaultdict(list)
    for key, data in Rollup5m.objects.filter(at__gte=first).values_list("service_id", "data"):
        parts[key].append(bytes(data))
    true: dict[int, str] = {}
    for key, pieces in parts.items():
        value = measured.value(metric, packing.merge(pieces))
        if value is not None and measured.beyond(metric, value, rule.threshold):
            true[key] = measured.metric_text(metric, value, rule.threshold)
    every = Service.objects.listed().values_list("pk", flat=True)
    return Found(true, frozenset(every) - frozenset(parts))


_LOOKS: Mapping[Condition, Callable[[AlertRule, datetime], Found]] = {
    Condition.FLAPPING: _flapping,
    Condition.UNUSUALLY_SLOW: _slow,
    Condition.BUDGET_BURN: _burning,
    Condition.METRIC: _metric,
}
MEASURED = tuple(_LOOKS)
