"""The waits between attempts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.alerting.resend import ASKED_AT_MOST, wait_before_next


def test_waits_double_from_five_seconds_to_an_hour() -> None:
    waits = [wait_before_next(attempts, 0.5).total_seconds() for attempts in (1, 2, 3, 9, 10, 11, 500)]
    assert waits == [5, 10, 20, 1280, 2560, 3600, 3600]


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True), st.integers(0, 10**7))
def test_no_wait_is_shorter_than_asked_for_nor_without_end(attempts: int, chance: float, asked: int) -> None:
    wait = wait_before_next(attempts, chance, timedelta(seconds=asked))
    assert min(timedelta(seconds=asked), ASKED_AT_MOST) <= wait <= ASKED_AT_MOST
