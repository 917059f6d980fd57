"""When many failures are one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.core.reconnection.mass_failure import Fleet, step, window


@pytest.mark.parametrize(
    ("total", "fallen", "begins"),
    [(100, 51, True), (100, 50, False), (5, 3, True), (4, 4, False), (0, 0, False)],
)
def test_it_begins_when_more_than_half_of_at_least_five_fell(total: int, fallen: int, begins: bool) -> None:
    assert step(False, Fleet(total=total, failing=fallen, fallen=fallen)) is begins


def test_services_that_failed_long_ago_do_not_make_one() -> None:
    assert not step(False, Fleet(total=100, failing=90, fallen=10))


@pytest.mark.parametrize(("failing", "goes_on"), [(60, True), (26, True), (25, False), (0, False)])
def test_it_lasts_until_at_most_a_quarter_fails(failing: int, goes_on: bool) -> None:
    assert step(True, Fleet(total=100, failing=failing, fallen=0)) is goes_on


def test_it_ends_when_nobody_should_run_any_more() -> None:
    assert not step(True, Fleet(total=0, failing=0, fallen=0))


def test_the_window_takes_in_whoever_was_checked_just_before_and_whoever_is_checked_last() -> None:
    interval = timedelta(seconds=30)
    assert window(interval) >= interval * 1.2 * 2
