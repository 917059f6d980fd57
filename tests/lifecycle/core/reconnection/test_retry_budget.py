"""The retry budget."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.reconnection.retry_budget import (
    SLOWED,
    USUAL,
    Budget,
    give_back,
    left,
    on_terms,
    take,
    wait,
)

moments = st.lists(st.integers(min_value=0, max_value=200), max_size=80)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moments)
def test_in_any_stretch_of_time_no_more_go_than_the_terms_allow(gaps: list[int]) -> None:
    budget, now, went = Budget(), 0.0, 0
    for gap in gaps:
        now += gap / 100
        taken = take(budget, now)
        if taken is not None:
            budget, went = taken, went + 1
        assert went <= USUAL.capacity + now * USUAL.per_second + 0.001


def test_a_full_budget_lets_sixty_go_at_once_and_then_twenty_a_second() -> None:
    budget, went = Budget(), 0
    while (taken := take(budget, 0)) is not None:
        budget, went = taken, went + 1
    assert (went, wait(budget, 0)) == (60, 1 / 20)
    assert take(budget, 0.04) is None
    assert take(budget, 0.051) is not None


def test_it_never_holds_more_than_its_capacity() -> None:
    budget = give_back(give_back(Budget(), 0), 3600)
    assert left(budget, 7200) == USUAL.capacity


def test_slowed_down_it_keeps_at_most_ten_and_back_to_usual_it_fills_slowly() -> None:
    slowed = on_terms(Budget(), SLOWED, 0)
    assert (left(slowed, 0), left(slowed, 100)) == (10, 10)
    usual = on_terms(slowed, USUAL, 0)
    assert (left(usual, 0), left(usual, 1), left(usual, 100)) == (10, 30, 60)


def test_a_clock_that_stands_still_or_goes_back_makes_no_tokens() -> None:
    budget = take(Budget(at=100), 100)
    assert budget is not None
    assert left(budget, 50) == 59
