"""Gauges added up, packed, and compared with thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.monitoring import gauges
from lifecycle.core.monitoring.gauges import Gauge, Thresholds

NAMES = ("cpu", "memory")
LIMITS = Thresholds(cpu=80, memory=85, disk=90)
Values = Sequence[int | None]
VALUES = st.lists(st.integers(0, 10**12) | st.none(), max_size=20)


@given(VALUES, VALUES)
def test_a_merge_is_as_if_all_had_been_sampled_at_once(some: Values, others: Values) -> None:
    def of(values: Values) -> dict[str, Gauge]:
        return gauges.merged(gauges.sampled({"cpu": value}) for value in values)

    known = [value for value in [*some, *others] if value is not None]
    both = gauges.merged([of(others), of(some)]).get("cpu", gauges.NOTHING)
    assert (both.n, both.max) == (len(known), max(known, default=None))
    assert both.mean == (pytest.approx(sum(known) / len(known)) if known else None)
    assert gauges.unpack(gauges.pack(of(known), NAMES), NAMES) == of(known)


def test_figures_that_came_later_are_missing_in_older_rows() -> None:
    old = gauges.pack(gauges.sampled({"cpu": 5.0}), ("cpu",))
    assert gauges.unpack(old, NAMES) == {"cpu": Gauge(1, 5.0, 5.0)}


@pytest.mark.parametrize("data", [b"1", b"\0" * 19, b"\0" * 60])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(gauges.GaugesError):
        gauges.unpack(data, NAMES)


def test_what_is_above_its_threshold_is_named() -> None:
    assert LIMITS.over({"cpu": 80.0, "memory": 85.1, "disk": 90.1}) == ("memory", "disk")
    assert LIMITS.over({"cpu": 80.5, "memory": None}) == ("cpu",)
