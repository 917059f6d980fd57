"""Conditions that are measured over time: when they hold, and what is said of them (4.1). Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.summary import Summary
from lifecycle.core.timing import durations

FLAPPING_OVER = 5
FLAPPING_WITHIN = timedelta(minutes=10)


class Metric(StrEnum):
    """What a rule may compare with a threshold; times in seconds, shares from 0 to 1."""

    ERROR_RATE = "error_rate"
    RESPONSE_TIME = "response_time"
    AVAILABILITY = "availability"
    CONSECUTIVE_FAILURES = "consecutive_failures"
    CALL_ERROR_RATE = "call_error_rate"
    CALL_TIME = "call_time"


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
