"""No provider is sent more than it takes."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.alerting.pace import ASKED_AT_MOST, Pace, free_at, longest, wait_before_next

TWO_A_SECOND, FIVE_A_MINUTE = Pace(count=2, seconds=1), Pace(count=5, seconds=60)


def test_a_channel_is_free_until_its_provider_has_had_enough() -> None:
    assert free_at([], [TWO_A_SECOND], 10) == 10
    assert free_at([10], [TWO_A_SECOND], 10) == 10
    assert free_at([10, 10.2], [TWO_A_SECOND], 10.2) == 11
    assert free_at([10, 10.2], [TWO_A_SECOND], 12) == 12
    assert free_at([10, 10, 11, 11, 12], [TWO_A_SECOND, FIVE_A_MINUTE], 12) == 70
    assert free_at([1, 2, 3], [], 3) == 3
    assert longest([TWO_A_SECOND, FIVE_A_MINUTE]) == 5 and longest([]) == 0


def test_waits_double_from_five_seconds_to_an_hour() -> None:
    waits = [wait_before_next(attempts, 0.5).total_seconds() for attempts in (1, 2, 3, 9, 10, 11, 500)]
    assert waits == [5, 10, 20, 1280, 2560, 3600, 3600]


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True), st.integers(0, 10**7))
def test_no_wait_is_shorter_than_asked_for_nor_without_end(attempts: int, chance: float, asked: int) -> None:
    wait = wait_before_next(attempts, chance, timedelta(seconds=asked))
    assert min(timedelta(seconds=asked), ASKED_AT_MOST) <= wait <= ASKED_AT_MOST
