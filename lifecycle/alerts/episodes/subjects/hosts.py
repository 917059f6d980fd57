"""Hosts of workers that are too busy, or too full, for a minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from lifecycle.alerts.episodes.subjects.found import Found
from lifecycle.core.alerting import measured
from lifecycle.core.alerting.measured import HOST_WITHIN, HostMetric
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import AlertRule, Episode, HostSample, WorkerSeen
from lifecycle.monitoring.hosts.queries import percents

FORGOTTEN = timedelta(days=1)
"""A host that was not seen for so long is no longer looked at, and its alerts end."""


def look(rule: AlertRule, now: datetime) -> Found:
    """Three small queries. Of a host that is not sampled nothing is known."""
    metric, known = HostMetric(rule.metric), _hosts(now)
    means = {host: _mean(values) for host, values in _samples(metric, known, now).items()}
    over = {
        host: measured.host_text(metric, mean, rule.threshold)
        for host, mean in means.items()
        if mean > rule.threshold
    }
    told = _told(rule)
    return Found(
        true={_subject(host): text for host, text in over.items()},
        unknown=frozenset(_subject(host) for host in known - means.keys()),
        gone=frozenset(_subject(host) for host in told - known),
    )


def _subject(host: str) -> Subject:
    return Subject(kind=Kind.HOST, name=host)


def _hosts(now: datetime) -> set[str]:
    seen = WorkerSeen.objects.filter(seen_at__gt=now - FORGOTTEN)
    return set(seen.values_list("host", flat=True))


def _told(rule: AlertRule) -> set[str]:
    live = rule.episodes.filter(subject_kind=Kind.HOST).exclude(state=Episode.State.RESOLVED)
    return set(live.values_list("subject_name", flat=True))


def _samples(metric: HostMetric, hosts: Iterable[str], now: datetime) -> dict[str, list[float]]:
    """What is known of the last minute."""
    since = int((now - HOST_WITHIN).timestamp() * 1000)
    found: defaultdict[str, list[float]] = defaultdict(list)
    for row in HostSample.objects.filter(host__in=list(hosts), at__gt=since):
        if (value := percents(row)[metric]) is not None:
            found[row.host].append(value)
    return found


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
