"""Tool calls summed up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.monitoring import calls
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.sketch import DecodeError

Ended = list[tuple[str, float | None]]
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "tool_error", "failed", "timeout", "refused"]),
        st.none() | st.floats(0, 60_000, allow_nan=False),
    ),
    max_size=30,
)


@given(CALLS, CALLS)
def test_a_merge_counts_as_one_by_one(some: Ended, more: Ended) -> None:
    def of(found: Ended) -> CallSummary:
        return calls.merge(calls.one(outcome, ms, (ms or 0) > 5000) for outcome, ms in found)

    both = calls.merge([of(more), of(some)])
    made = [(outcome, ms) for outcome, ms in [*some, *more] if outcome != "refused"]
    assert both.calls == len(made)
    assert both.failed == sum(outcome != "ok" for outcome, _ in made)
    assert both.slow == sum((ms or 0) > 5000 for _, ms in made)
    assert both.refused == len(some) + len(more) - len(made)
    assert both.timed == sum(ms is not None for _, ms in made)
    assert calls.unpack(calls.pack(both)) == both


def test_a_rate_and_percentiles_come_from_what_was_made() -> None:
    ended = [("ok", 10), ("ok", 20), ("ok", 30), ("timeout", 30_000), ("refused", None)]
    found = calls.merge(calls.one(*each) for each in ended)
    assert (found.error_rate, found.max_ms, found.mean_ms) == (0.25, 30_000, 7515)
    assert found.p(0.5) == pytest.approx(20, rel=0.025)
    assert found.p(0.95) == pytest.approx(30_000, rel=0.025)
    assert (calls.EMPTY.error_rate, calls.EMPTY.p(0.5), calls.EMPTY.mean_ms) == (0, None, None)


@pytest.mark.parametrize("data", [b"", b"1", b"\0" * 31, b"\0" * 32 + b"\xff"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        calls.unpack(data)
