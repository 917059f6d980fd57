"""Metrics are compared with their thresholds in their own direction."""

from __future__ import annotations

import pytest

from lifecycle.core.alerting import measured
from lifecycle.core.alerting.measured import Metric


@pytest.mark.parametrize(
    ("metric", "value", "threshold", "worse"),
    [
        (Metric.ERROR_RATE, 0.1, 0.1, False),
        (Metric.ERROR_RATE, 0.11, 0.1, True),
        (Metric.RESPONSE_TIME, 3.1, 3, True),
        (Metric.AVAILABILITY, 0.99, 0.99, False),
        (Metric.AVAILABILITY, 0.98, 0.99, True),
        (Metric.CONSECUTIVE_FAILURES, 3, 2, True),
    ],
)
def test_a_metric_is_worse_beyond_its_threshold_and_not_at_it(
    metric: Metric, value: float, threshold: float, worse: bool
) -> None:
    assert measured.beyond(metric, value, threshold) is worse
    assert measured.metric_text(metric, value, threshold)
