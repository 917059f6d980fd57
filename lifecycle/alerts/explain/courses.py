"""Replay a rule over what is on record of services, whatever its condition; or say why that cannot be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from lifecycle.alerts.explain import past
from lifecycle.alerts.explain.past import Record
from lifecycle.alerts.rules import changed_tools
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.rules.measures import BUCKET
from lifecycle.core.alerting import measured
from lifecycle.core.alerting.evaluate import Situation
from lifecycle.core.alerting.explain import course as courses
from lifecycle.core.alerting.explain import replay
from lifecycle.core.alerting.explain.course import Seen
from lifecycle.core.alerting.explain.replay import Stepped
from lifecycle.core.alerting.measured import Metric
from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.models import AlertRule, Rollup5m
from registry.core.contract.compare import Grade
from registry.models import ContractChange

Condition = AlertRule.Condition
Values = Sequence[tuple[datetime, bool | None]]
BY_STATE = (Condition.STATE_ENTERED, Condition.NOT_SERVING_FOR, Condition.NEEDS_SIGN_IN)


def recorded(rule: AlertRule) -> bool:
    """Whether the past can tell when its condition held, service by service."""
    if rule.condition == Condition.METRIC:
        return rule.metric in measured.OF_CHECKS
    return rule.condition in (*BY_STATE, Condition.TOOLS_CHANGED, Condition.FLAPPING)


def measures(service: int, since: datetime) -> bool:
    """Whether there are figures of this service since then."""
    return Rollup5m.objects.filter(service=service, at__gte=int(since.timestamp()) - BUCKET).exists()


def steps(
    rule: AlertRule, services: Collection[int], since: datetime, until: datetime, record: Record | None = None
) -> Iterator[tuple[int, list[Stepped]]]:
    """What the evaluator would have done from *since* on, by service; of a rule that is `recorded`."""
    found = record or past.read(services, since - measured.FLAPPING_WITHIN, until)
    pure, seen = rule_values.rule_of(rule), _seen(rule, services, since, until, found)
    for service in services:
        mine = seen(service)
        done = replay.run(pure, mine, until, depends=found.depends(service))
        yield service, [step for step in done if step.at >= since]


def _seen(
    rule: AlertRule, services: Collection[int], since: datetime, until: datetime, record: Record
) -> Callable[[int], list[Seen]]:
    if rule.condition == Condition.TOOLS_CHANGED:
        listed = _listings(services, since - timedelta(seconds=rule.cooldown_seconds), until)
        return lambda service: listed.get(service, [])
    if rule.condition == Condition.FLAPPING:
        return lambda service: _with(record, service, _flapping(record, service))
    if rule.condition == Condition.METRIC:
        figures = _figures(rule, services, since, until)
        return lambda service: _with(record, service, figures.get(service, []))
    return lambda service: courses.course(record.moves.get(service, []), record.held.get(service, []))


def _with(record: Record, service: int, values: Values) -> list[Seen]:
    return courses.measured(courses.course(record.moves.get(service, [])), values) if values else []


def _flapping(record: Record, service: int) -> Values:
    times = [move.at for move in record.moves.get(service, [])]
    return courses.flapping(times, measured.FLAPPING_OVER, measured.FLAPPING_WITHIN)


def _listings(services: Collection[int], since: datetime, until: datetime) -> dict[int, list[Seen]]:
    """Each listing of tools that brought a change of those that are told of."""
    rows = ContractChange.objects.filter(
        service__in=services,
        kind=ContractChange.Kind.TOOL,
        action__in=changed_tools.TOLD,
        at__gte=since,
        at__lt=until,
    )
    grades: defaultdict[int, defaultdict[datetime, set[str]]] = defaultdict(lambda: defaultdict(set))
    for service, at, grade in rows.values_list("service", "at", "grade"):
        grades[service][at].add(grade)
    return {
        service: [Seen(at=at, here=_listing(found)) for at, found in sorted(times.items())]
        for service, times in grades.items()
    }


def _listing(grades: Collection[str]) -> Situation:
    return Situation(
        state=State.HEALTHY,
        not_serving_since=None,
        tools_changed=True,
        tools_broken=Grade.BREAKING in grades,
    )


def _figures(
    rule: AlertRule, services: Collection[int], since: datetime, until: datetime
) -> Mapping[int, Values]:
    """At the end of each 5 minutes: whether the window up to there is beyond the threshold."""
    first = int(since.timestamp()) - rule.window_seconds - rule.for_seconds - BUCKET
    rows = Rollup5m.objects.filter(service__in=services, at__gte=first, at__lt=int(until.timestamp()))
    found: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for service, at, data in (
        rows.order_by("service", "at").values_list("service_id", "at", "data").iterator()
    ):
        found[service].append((at, bytes(data)))
    return {service: _beyond(rule, buckets) for service, buckets in found.items()}


def _beyond(rule: AlertRule, buckets: Sequence[tuple[int, bytes]]) -> Values:
    """Values where they change. A mean of many is beyond only if one of them is."""
    metric, values = Metric(rule.metric), list[tuple[datetime, bool | None]]()
    singles = [measured.value(metric, packing.merge([data])) for _at, data in buckets]
    if not any(one is not None and measured.beyond(metric, one, rule.threshold) for one in singles):
        return []
    low, last_end = 0, 0
    for high, (at, _data) in enumerate(buckets):
        end = at + BUCKET
        if last_end and at > last_end + rule.window_seconds:
            values.append((_moment(last_end + rule.window_seconds), None))
        while buckets[low][0] < (end - rule.window_seconds) // BUCKET * BUCKET:
            low += 1
        value = measured.value(metric, packing.merge([data for _at, data in buckets[low : high + 1]]))
        values.append((_moment(end), value is not None and measured.beyond(metric, value, rule.threshold)))
        last_end = end
    return values


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
