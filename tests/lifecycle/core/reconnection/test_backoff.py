"""When to try again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.policy.policy import NORMAL, PRIORITY_FACTOR, PROFILES, Policy, policy_for
from lifecycle.core.reconnection import backoff
from tests.support.snapshots import MIDDLE, chances, retry_afters, s

counts = st.integers(min_value=0, max_value=10_000)
policies = st.builds(policy_for, st.sampled_from(sorted(PROFILES)), st.sampled_from(sorted(PRIORITY_FACTOR)))


def seconds(delays: list[timedelta]) -> list[float]:
    return [round(delay.total_seconds(), 3) for delay in delays]


def test_quick_is_at_once_then_doubles_to_thirty() -> None:
    delays = [backoff.quick(n, NORMAL, MIDDLE) for n in range(9)]
    assert seconds(delays) == [0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_long_doubles_from_sixty_to_six_hundred() -> None:
    assert seconds([backoff.long(n, NORMAL, MIDDLE) for n in range(6)]) == [60, 120, 240, 480, 600, 600]


@pytest.mark.parametrize(
    ("priority", "quick", "long"), [("critical", 2, 30), ("high", 2.8, 42), ("normal", 4, 60), ("low", 6, 90)]
)
def test_priority_weighs_both_speeds(priority: str, quick: float, long: float) -> None:
    policy = policy_for("normal", priority)
    assert seconds([backoff.quick(3, policy, MIDDLE), backoff.long(0, policy, MIDDLE)]) == [quick, long]


@given(counts, policies, chances)
def test_quick_stays_within_its_bounds(n: int, policy: Policy, chance: float) -> None:
    delay = backoff.quick(n, policy, chance)
    assert s(0) <= delay <= s(30) * policy.priority_factor * 1.2
    assert (delay == s(0)) is (n == 0)


@given(counts, policies, chances)
def test_long_stays_within_its_bounds(n: int, policy: Policy, chance: float) -> None:
    factor = policy.priority_factor
    assert s(60) * factor * 0.8 <= backoff.long(n, policy, chance) <= s(600) * factor * 1.2


@given(
    st.integers(min_value=-5, max_value=10_000), st.timedeltas(min_value=s(0), max_value=timedelta(days=400))
)
def test_no_count_and_no_override_overflows(n: int, base: timedelta) -> None:
    policy = replace(NORMAL, base_delay=base, max_delay=base)
    assert backoff.long(n, policy, MIDDLE) == base


@given(counts, chances)
def test_a_longer_failure_never_waits_less(n: int, chance: float) -> None:
    assert backoff.quick(n, NORMAL, chance) <= backoff.quick(n + 1, NORMAL, chance)
    assert backoff.long(n, NORMAL, chance) <= backoff.long(n + 1, NORMAL, chance)


@given(st.timedeltas(min_value=s(0), max_value=s(720)), retry_afters)
def test_retry_after_only_lengthens_and_only_to_an_hour(delay: timedelta, asked: timedelta | None) -> None:
    waited = backoff.honour(delay, asked)
    assert waited >= delay
    assert waited <= max(delay, timedelta(hours=1))
    if asked is not None and asked <= timedelta(hours=1):
        assert waited >= asked


@given(chances)
def test_checks_come_with_the_interval_and_sooner_after_a_failure(chance: float) -> None:
    assert s(24) <= backoff.next_check(NORMAL, False, chance) <= s(36)
    assert s(4) <= backoff.next_check(NORMAL, True, chance) <= s(6)


def test_spread_moves_both_ways() -> None:
    assert seconds([backoff.spread(s(10), 0), backoff.spread(s(10), MIDDLE)]) == [8, 10]
    assert seconds([backoff.spread(s(10), 0.999999)]) == [12]
