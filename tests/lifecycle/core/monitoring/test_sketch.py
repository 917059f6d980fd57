"""Percentiles from sketches: near enough whatever the distribution, and the same in any order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.monitoring import sketch
from lifecycle.core.monitoring.sketch import DecodeError, Sketch

PIECES = (
    b"\x05",
    b"\x80",
    b"\x05\xf0",
    b"\x05\x0f\x80",
    b"\xff" * 30,
    b"\x05\xf0\xff\x7f",
    b"\xff\x07",
    b"\xff\x07\0\0\0",
)
QS = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
DISTRIBUTIONS: dict[str, Callable[[random.Random], float]] = {
    "log-normal": lambda chance: chance.lognormvariate(4.5, 0.7),
    "Pareto": lambda chance: 20 * chance.paretovariate(1.3),
    "uniform": lambda chance: chance.uniform(5, 900),
    "constant": lambda chance: 137.0,
    "bimodal": lambda chance: chance.gauss(80, 8) if chance.random() < 0.95 else chance.gauss(4000, 300),
}
times = st.floats(0.001, 1e9)
sketched = st.lists(times, max_size=40).map(lambda found: of(*found))


def of(*samples: float) -> Sketch:
    made = Sketch()
    for ms in samples:
        sketch.add(made, ms)
    return made


def exact(samples: list[float], q: float) -> float:
    """By nearest rank."""
    return sorted(samples)[max(math.ceil(q * len(samples) - 1e-9), 1) - 1]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("size", [10, 288, 20_000])
def test_percentiles_are_within_two_and_a_half_percent(name: str, size: int) -> None:
    chance = random.Random(name)
    samples = [abs(DISTRIBUTIONS[name](chance)) for _ in range(size)]
    for q in QS:
        found = sketch.quantile(of(*samples), q)
        assert found == pytest.approx(exact(samples, q), rel=0.025), q


def test_a_percentile_in_the_gap_of_two_heaps_is_one_of_their_samples() -> None:
    """Of 95 quick and 5 slow answers the slowest quick one is p95; nothing between them was ever seen."""
    samples = [80.0 + n / 10 for n in range(95)] + [4000.0 + n for n in range(5)]
    assert sketch.quantile(of(*samples), 0.95) == pytest.approx(89.4, rel=0.025)
    assert sketch.quantile(of(*samples), 0.951) == pytest.approx(4000, rel=0.025)


@given(st.lists(times, min_size=1, max_size=60), st.floats(0, 1))
def test_no_sample_is_further_from_its_bucket_than_promised(samples: list[float], q: float) -> None:
    assert sketch.quantile(of(*samples), q) == pytest.approx(exact(samples, q), rel=0.022)


@given(times)
def test_a_bucket_holds_what_lies_between_its_bounds(ms: float) -> None:
    bucket = sketch.index(ms)
    assert sketch.top(bucket - 1) * (1 - 1e-12) < ms <= sketch.top(bucket) * (1 + 1e-12)


@given(sketched, sketched, sketched)
def test_merging_is_associative_and_commutative(a: Sketch, b: Sketch, c: Sketch) -> None:
    assert sketch.merge(a, sketch.merge(b, c)) == sketch.merge(sketch.merge(a, b), c) == sketch.merge(c, b, a)
    assert sketch.merge(a) == a and sketch.merge(a, {}) == a


@given(st.lists(times, max_size=30), st.lists(times, max_size=30))
def test_merging_is_counting_all_at_once(some: list[float], others: list[float]) -> None:
    assert sketch.merge(of(*some), of(*others)) == of(*some, *others)


@pytest.mark.parametrize("ms", [0, -3, -0.5, 1e-9])
def test_what_took_no_time_counts_as_the_smallest(ms: float) -> None:
    assert of(ms) == {sketch.SMALLEST: 1}
    assert sketch.quantile(of(ms), 0.5) == 0


def test_nothing_has_no_percentile() -> None:
    assert sketch.quantile({}, 0.5) is None
    assert sketch.quantiles({}, (0.5, 0.99)) == [None, None]


@given(st.dictionaries(st.integers(sketch.SMALLEST, sketch.LARGEST), st.integers(1, 10**9), max_size=50))
def test_what_is_encoded_comes_back(made: Sketch) -> None:
    assert sketch.decode(sketch.encode(made)) == made


@given(st.dictionaries(st.integers(20, 60), st.integers(1, 2**33), min_size=1, max_size=41))
def test_what_counts_many_comes_back(made: Sketch) -> None:
    assert sketch.decode(sketch.encode(made)) == made


def test_of_many_answers_all_buckets_take_four_bytes() -> None:
    made = {bucket: 1000 + bucket for bucket in range(20, 120) if bucket != 70}
    assert sketch.decode(sketch.encode(made)) == made
    assert len(sketch.encode(made)) == 2 + 2 + 4 * 100


@given(st.binary(max_size=60))
def test_garbage_is_refused_or_is_a_sketch(data: bytes) -> None:
    try:
        found = sketch.decode(data)
    except DecodeError:
        return
    assert all(count > 0 for count in found.values())
    assert all(sketch.SMALLEST <= bucket <= sketch.LARGEST for bucket in found)


@pytest.mark.parametrize("data", PIECES)
def test_pieces_of_a_sketch_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        sketch.decode(data)


@given(st.lists(sketched, max_size=12), st.integers(0, 500))
def test_encoded_ones_are_merged_as_they_are(found: list[Sketch], many: int) -> None:
    """Those of many answers, which are added up side by side, among those of few."""
    filled = [dict.fromkeys(range(200 + n, 260 + 3 * n), many + 100) for n in range(len(found))]
    every = [*found, *filled]
    assert sketch.merged([sketch.encode(one) for one in every]) == sketch.merge(*every)
