"""Conditions that are measured over time: when they hold, and what is said of them (4.1). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.gauges import NOTHING, Gauges
from lifecycle.core.monitoring.summary import Summary
from lifecycle.core.timing import durations

FLAPPING_OVER = 5
FLAPPING_WITHIN = timedelta(minutes=10)
MEGABYTE = 1e6


class Metric(StrEnum):
    """What a rule may compare with a threshold; times in seconds, shares from 0 to 1.

    Of the processes of a stdio service, children included, in percent of one core and in MB.
    """

    ERROR_RATE = "error_rate"
    RESPONSE_TIME = "response_time"
    AVAILABILITY = "availability"
    CONSECUTIVE_FAILURES = "consecutive_failures"
    CALL_ERROR_RATE = "call_error_rate"
    CALL_TIME = "call_time"
    PROCESS_CPU = "process_cpu"
    PROCESS_MEMORY = "process_memory"


OF_PROCESSES = frozenset({Metric.PROCESS_CPU, Metric.PROCESS_MEMORY})
OF_CHECKS = frozenset({Metric.ERROR_RATE, Metric.RESPONSE_TIME, Metric.AVAILABILITY})
"""Those that the checks of a window tell."""


def value(metric: Metric, found: Summary) -> float | None:
    """Of one service over the window; None where no check proved anything."""
    if metric is Metric.RESPONSE_TIME:
        return found.sum_ms / found.answered / 1000 if found.answered else None
    available = found.availability
    if available is None:
        return None
    return 1 - available if metric is Metric.ERROR_RATE else available


def value_of_calls(metric: Metric, found: CallSummary) -> float | None:
    """Of the tool calls of one service over the window; None where there was none."""
    if metric is Metric.CALL_TIME:
        return found.mean_ms / 1000 if found.mean_ms is not None else None
    return found.error_rate if found.calls else None


def value_of_processes(metric: Metric, found: Gauges) -> float | None:
    """Of the processes of one service, the mean of the window; None where none was seen."""
    if metric is Metric.PROCESS_CPU:
        return found.get("cpu", NOTHING).mean
    memory = found.get("memory", NOTHING).mean
    return None if memory is None else memory / MEGABYTE


def beyond(metric: Metric, value: float, threshold: float) -> bool:
    """Whether it is worse than the threshold: below it for availability, above it for all others."""
    return value < threshold if metric is Metric.AVAILABILITY else value > threshold


def metric_text(metric: Metric, value: float, threshold: float) -> str:
    match metric:
        case Metric.ERROR_RATE:
            return f"{value:.1%} of the checks failed, more than {threshold:.1%}"
        case Metric.AVAILABILITY:
            return f"available in {value:.1%} of the checks, less than {threshold:.1%}"
        case Metric.RESPONSE_TIME:
            return f"answers in {durations.span(value)} on average, above {durations.span(threshold)}"
        case Metric.CONSECUTIVE_FAILURES:
            return f"{value:.0f} checks failed in a row, more than {threshold:.0f}"
        case Metric.CALL_ERROR_RATE:
            return f"{value:.1%} of the tool calls failed, more than {threshold:.1%}"
        case Metric.CALL_TIME:
            return f"tool calls take {durations.span(value)} on average, above {durations.span(threshold)}"
        case Metric.PROCESS_CPU:
            return f"its processes use {value:.0f} % of a core on average, above {threshold:g} %"
        case Metric.PROCESS_MEMORY:
            return f"its processes use {value:.0f} MB on average, above {threshold:g} MB"


def ending_text(what: str, ends: datetime, now: datetime) -> str:
    """What is said of something that expires, or has."""
    day = f"{ends:%Y-%m-%d %H:%M} UTC"
    if ends <= now:
        return f"{what} expired on {day}"
    return f"{what} expires in {durations.span(int((ends - now).total_seconds()))}, on {day}"


class HostMetric(StrEnum):
    """What a rule on hosts may compare with a threshold, in percent."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"


HOST_WITHIN = timedelta(seconds=60)
"""Over so long the samples of a host are averaged: a single one, of 15 s, says little."""
HOST_WORDS = {HostMetric.CPU: "CPU", HostMetric.MEMORY: "memory", HostMetric.DISK: "disk"}


def host_text(metric: HostMetric, percent: float, threshold: float) -> str:
    return f"{HOST_WORDS[metric]} {percent:.0f} %, above {threshold:g} %"


SILENT_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A worker, and its last sign of life; `gone`: it said that it stops."""

    name: str
    host: str
    started: datetime
    seen: datetime
    gone: bool


def silent(workers: Sequence[Sign], now: datetime, since: datetime) -> tuple[list[Sign], list[Sign]]:
    """Those of whom nothing was seen for too long, and those of whom whoever looks only *since* cannot tell.

    A worker has a new name each time it starts: each that started later takes the place of one that is
    silent, first of one on its own host.
    """
    late = [one for one in workers if not one.gone and now - one.seen > SILENT_AFTER]
    late.sort(key=lambda one: one.seen, reverse=True)
    fresh = sorted(workers, key=lambda one: one.started)
    missing = _without_replaced(_without_replaced(late, fresh, same_host=True), fresh, same_host=False)
    told = now - since > SILENT_AFTER
    return (missing, []) if told else ([], missing)


def _without_replaced(late: Sequence[Sign], fresh: list[Sign], *, same_host: bool) -> list[Sign]:
    """Those of *late* for whom none of the *fresh* is left; who took a place is taken from these."""
    missing = []
    for one in late:
        after = (new for new in fresh if new.started > one.seen and (not same_host or new.host == one.host))
        if (new := next(after, None)) is None:
            missing.append(one)
        else:
            fresh.remove(new)
    return missing


def silent_text(lasted: timedelta) -> str:
    return (
        f"no sign of life for {durations.span(int(lasted.total_seconds()))}: what it checks is not monitored"
    )


def flapping_text(changes: int) -> str:
    return f"changed its state {changes} times within {durations.span(FLAPPING_WITHIN.total_seconds())}"


def slow_text(median_ms: float | None, usual_ms: float | None) -> str:
    if median_ms is None or usual_ms is None:
        return "answers unusually slowly"
    now, usual = durations.span(median_ms / 1000), durations.span(usual_ms / 1000)
    return f"answers unusually slowly: {now}, usually {usual} at this time of day"


def burning_text(percent: float, left_s: float, total_s: float) -> str:
    left, total = durations.span(max(int(left_s), 0)), durations.span(int(total_s))
    return f"burns the budget of its target of {percent:g} %: {left} of {total} left"
