"""The adapted wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.health import adaptive_timeout
from lifecycle.core.health.verdict import Level, Probe, verdict
from lifecycle.core.policy.policy import NORMAL, PROFILES
from tests.support.snapshots import answered, s

ADAPTIVE = replace(NORMAL, adaptive=True)
times = st.lists(st.timedeltas(min_value=s(0), max_value=s(600)), max_size=30)


@pytest.mark.parametrize(
    ("answers", "wait"),
    [([], 10), ([4], 8), ([2, 4, 6], 8), ([0.01] * 10, 5), ([2.5], 5), ([14], 28), ([15], 30), ([60], 30)],
)
def test_twice_the_average_within_half_and_three_times_the_fixed_wait(
    answers: list[float], wait: float
) -> None:
    assert adaptive_timeout.wait([s(n) for n in answers], ADAPTIVE) == s(wait)


def test_it_is_off_by_default() -> None:
    assert not any(policy.adaptive for policy in PROFILES.values())
    assert adaptive_timeout.wait([s(4)], NORMAL) == s(10)
    assert adaptive_timeout.fitted(NORMAL, [s(4)]) is NORMAL
    assert adaptive_timeout.remember((s(1),), s(2), NORMAL) == ()


def test_the_last_ten_answers_count_and_a_failure_is_none_of_them() -> None:
    answers: adaptive_timeout.Answers = ()
    for n in range(13):
        answers = adaptive_timeout.remember(answers, s(n), ADAPTIVE)
    assert answers == tuple(s(n) for n in range(3, 13))
    assert adaptive_timeout.remember(answers, None, ADAPTIVE) == answers


def test_an_answer_within_the_adapted_wait_is_slow_and_no_failure() -> None:
    policy = adaptive_timeout.fitted(ADAPTIVE, [s(8)] * 10)
    assert (policy.ping_timeout, policy.slow_threshold) == (s(16), s(16))
    assert verdict(answered(12), policy) is Level.SLOW
    assert verdict(answered(12), ADAPTIVE) is Level.UNHEALTHY
    quick = adaptive_timeout.fitted(ADAPTIVE, [s(0.1)])
    assert (quick.ping_timeout, quick.slow_threshold) == (s(5), s(10))


@given(times)
def test_the_wait_stays_within_its_bounds(answers: list[timedelta]) -> None:
    limit = adaptive_timeout.wait(answers, ADAPTIVE)
    assert s(5) <= limit <= s(30)
    assert verdict(Probe(took=limit), adaptive_timeout.fitted(ADAPTIVE, answers)) is not Level.UNHEALTHY
