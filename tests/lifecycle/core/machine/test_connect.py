"""Connecting, trying again, giving up, and what people ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.core.health.verdict import Fault, Level
from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import GAVE_UP, Change, Snapshot, Step
from lifecycle.core.machine.states import CONNECTING, IllegalMoveError, State
from lifecycle.core.policy.policy import NORMAL, PROFILES
from tests.support.snapshots import LOST, MIDDLE, NOW, REFUSED, UNAUTHORISED, s, snap

I, H, W, R, U = State.INITIALIZING, State.HEALTHY, State.WARNING, State.RECONNECTING, State.UNREACHABLE  # noqa: E741
DISCONNECTING, DISCONNECTED = State.DISCONNECTING, State.DISCONNECTED
DOWN_SINCE = NOW - s(100)


def fail(start: Snapshot, fault: Fault = REFUSED, after: float = 0) -> Step:
    return moves.on_connect_failed(start, fault, NORMAL, NOW + s(after), MIDDLE)


def wait(got: Snapshot) -> float:
    assert got.next_retry_at is not None
    return round((got.next_retry_at - NOW).total_seconds(), 3)


@pytest.mark.parametrize(
    ("running", "state", "since", "reason"),
    [(True, I, NOW, ""), (False, DISCONNECTED, None, "never started")],
)
def test_registration(running: bool, state: State, since: object, reason: str) -> None:
    got, change = moves.register(running, NOW)
    assert change == Change(before=None, after=state, event="registered", reason="registered")
    assert (got.state, got.state_entered_at, got.not_serving_since) == (state, NOW, since)
    assert (got.next_retry_at, got.disconnect_reason) == (since, reason)
    assert moves.due(got) == since


@pytest.mark.parametrize(
    ("state", "reason", "attempts"),
    [(I, "connected", 3), (R, "connected again", 4), (U, "connected again", 4)],
)
def test_connected_serves_and_counts_its_retry(state: State, reason: str, attempts: int) -> None:
    start = snap(
        state, not_serving_since=DOWN_SINCE, next_retry_at=NOW, consecutive_failures=3, reconnect_attempts=3,
        long_cycles=2, fault=REFUSED,
    )  # fmt: skip
    got, change = moves.on_connected(start, NOW, took=s(0.2))
    assert change == Change(before=state, after=H, event="connected", reason=reason)
    assert (got.not_serving_since, got.next_retry_at, got.fault) == (None, None, None)
    assert (got.consecutive_failures, got.consecutive_successes, got.long_cycles) == (0, 1, 0)
    assert (got.healthy_since, got.last_success_at, got.last_ping_at) == (NOW, NOW, NOW)
    assert (got.response_time, got.last_level, got.reconnect_attempts) == (s(0.2), Level.HEALTHY, attempts)


def test_a_service_that_the_last_worker_left_serving_goes_on_silently() -> None:
    since = NOW - s(900)
    got, change = moves.on_connected(snap(W, healthy_since=since), NOW)
    assert change is None and (got.state, got.healthy_since) == (W, since)


def test_a_service_that_the_last_worker_left_serving_is_lost_if_it_no_longer_connects() -> None:
    got, change = fail(snap(H))
    assert change is not None and (change.event, change.after) == ("lost", R)
    assert (got.not_serving_since, got.consecutive_failures, wait(got)) == (NOW, 1, 0)


def test_ten_attempts_at_the_quick_speed_then_the_long_cycle() -> None:
    got, change = fail(snap(I, not_serving_since=DOWN_SINCE))
    assert change is not None and (change.after, got.reconnect_attempts, wait(got)) == (R, 0, 0)
    waits = []
    for attempt in range(1, 10):
        got, change = fail(got)
        assert change is None and (got.state, got.reconnect_attempts) == (R, attempt)
        assert got.consecutive_failures == attempt + 1
        waits.append(wait(got))
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30, 30]
    got, change = fail(got)
    assert change is not None and (change.event, change.after) == ("exhausted", U)
    assert (got.reconnect_attempts, got.long_cycles, wait(got)) == (10, 0, 60)


def test_a_service_that_dies_right_after_each_connect_waits_longer_each_time() -> None:
    got, waits = snap(H), []
    for _ in range(7):
        got, _ = moves.on_probe(got, LOST, NORMAL, NOW, MIDDLE)
        waits.append(wait(got))
        got, _ = moves.on_connected(got, NOW)
    assert waits == [0, 1, 2, 4, 8, 16, 30]


def test_background_profile_is_exhausted_at_its_fifth_attempt() -> None:
    got = snap(R, reconnect_attempts=3)
    for state in (R, U):
        got, _ = moves.on_connect_failed(got, REFUSED, PROFILES["background"], NOW, MIDDLE)
        assert got.state is state


def test_long_cycle_doubles_to_ten_minutes_and_counts() -> None:
    got = snap(U, not_serving_since=DOWN_SINCE, reconnect_attempts=10)
    waits = []
    for cycle in range(1, 6):
        got, change = fail(got)
        assert change is None and (got.long_cycles, got.reconnect_attempts) == (cycle, 10 + cycle)
        waits.append(wait(got))
    assert waits == [120, 240, 480, 600, 600]


@pytest.mark.parametrize("state", [I, R])
def test_a_fault_that_retrying_cannot_cure_is_unreachable_at_once(state: State) -> None:
    got, change = fail(snap(state, not_serving_since=DOWN_SINCE), UNAUTHORISED)
    expected = Change(before=state, after=U, event="incurable", reason="not authorised", fault=UNAUTHORISED)
    assert change == expected and wait(got) == 60
    assert got.not_serving_since == DOWN_SINCE


@pytest.mark.parametrize("state", [I, R, U])
@pytest.mark.parametrize(("asked", "waited"), [(300, 300), (7200, 3600)])
def test_retry_after_is_honoured_up_to_an_hour(state: State, asked: float, waited: float) -> None:
    got, _ = fail(snap(state, not_serving_since=DOWN_SINCE), replace(REFUSED, retry_after=s(asked)))
    assert wait(got) == waited


def test_a_short_retry_after_does_not_shorten_the_wait() -> None:
    got, _ = fail(snap(U), replace(REFUSED, retry_after=s(1)))
    assert wait(got) == 120


def test_not_serving_since_survives_every_round_of_unreachable_and_reconnecting() -> None:
    got, _ = fail(snap(H))
    for n in range(1, 40):
        got, _ = fail(got, after=n)
        if got.state is U:
            got, _ = moves.reconnect(got, NOW + s(n), "reconnect now")
        assert got.not_serving_since == NOW


def test_giving_up_is_off_by_default() -> None:
    got, change = fail(snap(U, not_serving_since=NOW - timedelta(days=400)))
    assert change is None and got.state is U


@pytest.mark.parametrize(("down_for", "state"), [(3599, U), (3600, DISCONNECTED)])
def test_giving_up_comes_after_its_time_and_keeps_the_outage_open(down_for: int, state: State) -> None:
    since = NOW - s(down_for)
    policy = replace(NORMAL, give_up_after=s(3600))
    got, _ = moves.on_connect_failed(snap(U, not_serving_since=since), REFUSED, policy, NOW, MIDDLE)
    assert (got.state, got.not_serving_since) == (state, since)
    assert (got.disconnect_reason == GAVE_UP, got.next_retry_at is None) == (state is DISCONNECTED,) * 2


@pytest.mark.parametrize("state", [I, H, W, R, U])
def test_an_intentional_stop_ends_the_outage(state: State) -> None:
    start = snap(
        state, not_serving_since=DOWN_SINCE, fault=REFUSED, consecutive_failures=4, next_retry_at=NOW
    )
    got, change = moves.stop(start, NOW, "stopped by ada")
    assert change == Change(
        before=state, after=DISCONNECTING, event="stop", reason="stopped by ada", asked=True
    )
    assert (got.not_serving_since, got.fault, got.consecutive_failures) == (None, None, 0)
    got, change = moves.closed(got, NOW + s(1))
    assert change is not None and (change.after, change.reason) == (DISCONNECTED, "stopped by ada")
    assert (got.not_serving_since, got.next_retry_at, moves.due(got)) == (None, None, None)


def test_stopping_a_service_that_was_given_up_ends_its_outage_too() -> None:
    start = snap(DISCONNECTED, not_serving_since=DOWN_SINCE, disconnect_reason=GAVE_UP)
    got, change = moves.stop(start, NOW, "stopped by ada")
    assert change is None
    assert (got.not_serving_since, got.disconnect_reason) == (None, "stopped by ada")


def test_start_begins_with_fresh_counters() -> None:
    start = snap(DISCONNECTED, reconnect_attempts=12, long_cycles=3, disconnect_reason="x", fault=REFUSED)
    got, change = moves.start(start, NOW, "started by ada")
    assert change == Change(before=DISCONNECTED, after=I, event="start", reason="started by ada", asked=True)
    assert (got.reconnect_attempts, got.long_cycles, got.disconnect_reason, got.fault) == (0, 0, "", None)
    assert moves.due(got) == got.not_serving_since == NOW


@pytest.mark.parametrize("state", [I, H, W, R, U])
def test_start_leaves_a_started_service_alone(state: State) -> None:
    assert moves.start(snap(state), NOW, "again") == (snap(state), None)


@pytest.mark.parametrize(
    ("state", "event", "to"),
    [
        (DISCONNECTED, "reconnect", R),
        (U, "retry", R),
        (H, "lost", R),
        (W, "lost", R),
        (R, None, R),
        (I, None, I),
    ],
)
def test_reconnect_now_is_due_at_once_with_fresh_attempts(state: State, event: str | None, to: State) -> None:
    start = snap(state, reconnect_attempts=12, long_cycles=3, next_retry_at=NOW + s(500))
    got, change = moves.reconnect(start, NOW, "reconnect now")
    assert (change.event if change else None) == event
    assert (got.state, got.reconnect_attempts, got.long_cycles) == (to, 0, 0)
    assert moves.due(got) == NOW


def test_a_service_that_is_closing_takes_no_start_and_no_reconnect() -> None:
    for ask in (moves.start, moves.reconnect):
        with pytest.raises(IllegalMoveError):
            ask(snap(DISCONNECTING), NOW, "now")


@pytest.mark.parametrize("state", [DISCONNECTING, DISCONNECTED])
def test_a_stopped_service_neither_connects_nor_fails_to(state: State) -> None:
    with pytest.raises(IllegalMoveError):
        moves.on_connected(snap(state), NOW)
    with pytest.raises(IllegalMoveError):
        fail(snap(state))


@pytest.mark.parametrize("state", State)
def test_an_attempt_is_due_exactly_in_the_states_that_connect(state: State) -> None:
    assert (moves.due(snap(state)) is not None) is (state in CONNECTING)
