"""Summaries of checks: added in any order, packed into few bytes, and read back as they were."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.core.monitoring import packing, summary
from lifecycle.core.monitoring.sketch import DecodeError
from lifecycle.core.monitoring.summary import EMPTY, NUMBER, Summary

HEALTHY, SLOW, UNHEALTHY, UNKNOWN = (
    NUMBER[level] for level in (Level.HEALTHY, Level.SLOW, Level.UNHEALTHY, Level.UNKNOWN)
)
PIECES = (b"", b"\x00", b"\x01", b"\x01" * 7, b"\x00" * 8, b"\x00" * 10, b"\xff" * 40)
check = st.tuples(st.integers(0, len(LEVELS) - 1), st.none() | st.integers(0, 90_000))
checks = st.lists(check, max_size=50)
summed = checks.map(summary.of)


def test_it_counts_what_was_found() -> None:
    found = summary.of([(HEALTHY, 100), (SLOW, 4000), (UNHEALTHY, None), (UNKNOWN, None)])
    assert (found.total, found.checks, found.available, found.unsure, found.answered) == (4, 3, 2, 1, 2)
    assert (found.sum_ms, found.min_ms, found.max_ms, found.mean_ms) == (4100, 100, 4000, 2050)
    assert found.availability == 2 / 3


def test_nothing_has_no_figures() -> None:
    assert (EMPTY.total, EMPTY.availability, EMPTY.mean_ms, EMPTY.p(0.5)) == (0, None, None, None)
    assert summary.merge([]) == EMPTY


def test_percentiles_lie_within_what_was_seen() -> None:
    same = summary.of([(HEALTHY, 137)] * 10)
    assert same.percentiles((0.5, 0.95, 0.99)) == [137, 137, 137]


@given(summed, summed, summed)
def test_merging_is_associative_and_commutative(a: Summary, b: Summary, c: Summary) -> None:
    both = summary.merge
    assert both([a, both([b, c])]) == both([both([a, b]), c]) == both([c, b, a])
    assert both([a, EMPTY]) == a


@given(checks, checks)
def test_merging_is_counting_all_at_once(
    some: list[tuple[int, int | None]], others: list[tuple[int, int | None]]
) -> None:
    assert summary.merge([summary.of(some), summary.of(others)]) == summary.of(some + others)


@given(summed)
def test_what_is_packed_comes_back(found: Summary) -> None:
    assert packing.unpack(packing.pack(found)) == found


@given(st.lists(summed, max_size=8))
def test_packed_ones_are_merged_as_they_are(found: list[Summary]) -> None:
    assert packing.merge([packing.pack(one) for one in found]) == summary.merge(found)


@given(st.lists(st.integers(0, 60_000), min_size=10, max_size=10))
def test_ten_ordinary_samples_take_at_most_25_bytes(times: list[int]) -> None:
    assert len(packing.pack(summary.of([(HEALTHY, ms) for ms in times]))) <= 25


def test_ten_samples_take_19_bytes_and_a_day_a_hundred_or_so() -> None:
    chance = random.Random(1)
    day = [(HEALTHY, round(chance.lognormvariate(4.5, 0.4))) for _ in range(2880)]
    assert len(packing.pack(summary.of(day[:10]))) == 19
    assert len(packing.pack(summary.of(day))) < 150


@given(st.binary(max_size=40))
def test_garbage_is_refused(data: bytes) -> None:
    """What is not, by a rare chance, exactly what would have been packed."""
    try:
        found = packing.unpack(data)
    except DecodeError:
        return
    assert packing.pack(found) == data


@given(summed, st.integers(0, 60), st.integers(1, 255))
def test_a_byte_that_was_changed_is_never_an_error_of_another_kind(found: Summary, at: int, by: int) -> None:
    data = bytearray(packing.pack(found))
    data[at % len(data)] ^= by
    try:
        packing.unpack(bytes(data))
    except DecodeError:
        return


@pytest.mark.parametrize("data", PIECES)
def test_pieces_of_a_summary_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        packing.unpack(data)
