"""Uptime equals, to the second, what an oracle counts that looks at every second."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.machine.states import Event, State
from lifecycle.core.monitoring import uptime
from lifecycle.core.monitoring.uptime import Account, Interval, Standing
from tests.guarantees.figures import LONG
from tests.support.histories import History, edges_of, histories, slow_account

HISTORIES = 10_000 if LONG else 150
S, D, X, U = Standing.SERVING, Standing.DOWN, Standing.EXCLUDED, Standing.UNKNOWN


def of(history: History) -> Account:
    return uptime.account(
        history.changes, history.gaps, history.excluded, history.start, history.end, history.hours
    )


@pytest.mark.timeout(3600 if LONG else 120)
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories())
def test_it_equals_the_oracle_to_the_second(history: History) -> None:
    assert of(history) == slow_account(history)


@pytest.mark.timeout(3600 if LONG else 120)
@settings(max_examples=HISTORIES // 4, deadline=None)
@given(histories(), st.lists(st.integers(0, 10**6), max_size=5))
def test_its_parts_make_the_whole(history: History, cuts: list[int]) -> None:
    edges = edges_of(history, cuts)
    parts = uptime.accounts(history.changes, history.gaps, history.excluded, edges, history.hours)
    assert len(parts) == len(edges) - 1
    assert uptime.total(parts) == of(history)


def test_a_clock_that_was_set_back_lets_the_later_record_count() -> None:
    changes = [(100.0, S), (200.0, D), (60.0, S), (80.0, D)]
    assert list(uptime.spans(changes, 0, 300)) == [(0, 60, U), (60, 80, S), (80, 300, D)]


def test_excluded_goes_before_unknown_and_that_before_the_state() -> None:
    gaps, out = [Interval(20, 60)], [Interval(40, 80)]
    assert uptime.account([(0, D)], gaps, out, 0, 100) == Account(serving=0, down=40, excluded=40, unknown=20)
    assert uptime.account([(0, X)], gaps, [], 0, 100) == Account(excluded=100)


def test_an_interval_may_have_no_end() -> None:
    assert uptime.account([(0, S)], [Interval(90, math.inf)], [], 0, 100) == Account(serving=90, unknown=10)


def test_nothing_is_of_no_length() -> None:
    assert uptime.account([(0, S)], [], [], 50, 50) == Account()
    assert Account().ratio is None and Account().coverage is None
    assert Account(excluded=5).coverage is None and Account(unknown=5).coverage == 0


@pytest.mark.parametrize(
    ("ratio", "digits", "shown"),
    [
        (1.0, 2, 100),
        (1 - 1e-12, 2, 99.99),
        (0.999999, 3, 99.999),
        (0.9995, 2, 99.95),
        (0.29, 2, 29.0),
        (0.0, 2, 0),
        (None, 2, None),
        (0.99996, 1, 99.9),
    ],
)
def test_a_figure_is_cut_off_and_never_rounded_up(
    ratio: float | None, digits: int, shown: float | None
) -> None:
    assert uptime.percent(ratio, digits) == shown


@given(st.floats(0, 1), st.integers(0, 4))
def test_only_all_is_a_hundred(ratio: float, digits: int) -> None:
    shown = uptime.percent(ratio, digits)
    assert shown is not None and (shown == 100) == (ratio == 1)
    assert shown <= ratio * 100 + 1e-6


@pytest.mark.parametrize(
    ("state", "event", "standing"),
    [
        (State.HEALTHY, Event.CONNECTED, S),
        (State.WARNING, Event.SLOW, S),
        (State.RECONNECTING, Event.LOST, D),
        (State.UNREACHABLE, Event.EXHAUSTED, D),
        (State.DISCONNECTED, Event.GIVE_UP, D),
        (State.DISCONNECTED, Event.CLOSED, X),
        (State.DISCONNECTED, "registered", X),
        (State.DISCONNECTING, Event.STOP, X),
        (State.INITIALIZING, Event.START, U),
    ],
)
def test_what_a_state_means(state: State, event: str, standing: Standing) -> None:
    assert uptime.standing_of(state, event) is standing


def test_every_state_means_something() -> None:
    assert all(uptime.standing_of(state, "") in Standing for state in State)
