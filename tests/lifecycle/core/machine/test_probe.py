"""How checks move a service that serves: when, and with which counters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Proof
from lifecycle.core.health.verdict import Fault, Kind, Level, Probe
from lifecycle.core.machine.moves import Change, Snapshot, on_probe
from lifecycle.core.machine.states import SERVING, IllegalMoveError, State
from lifecycle.core.policy.policy import NORMAL, PROFILES, Policy
from tests.support.snapshots import DOWN, LOST, MIDDLE, NOW, OURS, QUICK, answered, s, snap

H, W, R = State.HEALTHY, State.WARNING, State.RECONNECTING


def trail(start: Snapshot, *probes: Probe, policy: Policy = NORMAL) -> list[State]:
    """The state after each of *probes*, five seconds apart, until the service serves no more."""
    states = []
    for n, probe in enumerate(probes):
        start, _ = on_probe(start, probe, policy, NOW + s(5 * n), MIDDLE)
        states.append(start.state)
    return states


def after(start: Snapshot, *probes: Probe, policy: Policy = NORMAL) -> tuple[Snapshot, Change | None]:
    change = None
    for n, probe in enumerate(probes):
        start, change = on_probe(start, probe, policy, NOW + s(5 * n), MIDDLE)
    return start, change


def test_third_failure_warns_and_fifth_reconnects() -> None:
    assert trail(snap(), *[DOWN] * 5) == [H, H, W, W, R]


def test_critical_warns_at_the_first_failure_and_reconnects_at_the_second() -> None:
    assert trail(snap(), DOWN, DOWN, policy=PROFILES["critical"]) == [W, R]


def test_background_warns_at_the_fifth_failure_and_reconnects_at_the_tenth() -> None:
    assert trail(snap(), *[DOWN] * 10, policy=PROFILES["background"]) == [H] * 4 + [W] * 5 + [R]


def test_one_answer_starts_the_count_of_failures_again() -> None:
    assert trail(snap(), DOWN, DOWN, QUICK, DOWN, DOWN, DOWN) == [H, H, H, H, H, W]


@pytest.mark.parametrize("state", [H, W])
def test_a_lost_connection_reconnects_at_once(state: State) -> None:
    got, change = after(snap(state), LOST)
    assert change == Change(before=state, after=R, event="lost", reason="exited fault", fault=LOST.fault)
    assert (got.next_retry_at, got.not_serving_since) == (NOW, NOW)


def test_slow_answer_warns_and_quick_one_recovers() -> None:
    slow, quick = answered(1.5), answered(1)
    assert trail(snap(), slow, answered(9), quick) == [W, W, H]


def test_slow_answers_in_warning_are_no_failures() -> None:
    assert trail(snap(W), *[answered(9)] * 20) == [W] * 20


def test_an_answer_past_the_last_limit_counts_as_a_timeout() -> None:
    got, change = after(snap(), answered(10.5))
    assert change is None and got.consecutive_failures == 1
    assert got.fault == Fault(kind=Kind.TIMEOUT, message="answered after 10.5 s, allowed are 10 s")
    assert got.response_time == s(10.5)


def test_counters_at_each_failure_and_at_the_answer_after() -> None:
    got = snap(consecutive_successes=7)
    for n in (1, 2, 3, 4):
        got, _ = on_probe(got, DOWN, NORMAL, NOW + s(n), MIDDLE)
        assert (got.consecutive_failures, got.consecutive_successes) == (n, 0)
        assert got.last_failure_at == got.last_ping_at == NOW + s(n)
        assert (got.last_level, got.fault) == (Level.UNHEALTHY, DOWN.fault)
    got, change = on_probe(got, answered(0.5), NORMAL, NOW + s(5), MIDDLE)
    assert change is not None and (change.event, change.fault) == ("recovered", None)
    assert (got.consecutive_failures, got.consecutive_successes) == (0, 1)
    assert got.last_success_at == got.last_ping_at == got.healthy_since == NOW + s(5)
    assert (got.last_failure_at, got.response_time, got.fault) == (NOW + s(4), s(0.5), None)


def test_a_fault_of_our_own_changes_nothing_but_the_level() -> None:
    before = snap(W, consecutive_failures=4, consecutive_successes=0, last_level=Level.UNHEALTHY)
    got, change = after(before, OURS)
    assert change is None and got == replace(before, last_level=Level.UNKNOWN)


@pytest.mark.parametrize("state", sorted(set(State) - SERVING))
def test_only_a_serving_service_is_checked(state: State) -> None:
    with pytest.raises(IllegalMoveError):
        on_probe(snap(state), QUICK, NORMAL, NOW, MIDDLE)


@pytest.mark.parametrize(("healthy_for", "left"), [(599, 4), (600, 0)])
def test_attempts_are_forgotten_after_ten_minutes_healthy(healthy_for: int, left: int) -> None:
    since = NOW - s(healthy_for)
    got, _ = after(snap(reconnect_attempts=4, long_cycles=2, healthy_since=since), QUICK)
    assert (got.reconnect_attempts, got.long_cycles == 0) == (left, left == 0)


def test_time_in_warning_does_not_count_as_healthy_time() -> None:
    start = snap(healthy_since=NOW - timedelta(hours=1), reconnect_attempts=4)
    warned, _ = on_probe(start, answered(2), NORMAL, NOW, MIDDLE)
    assert warned.healthy_since is None and warned.reconnect_attempts == 4
    well, _ = on_probe(warned, QUICK, NORMAL, NOW + s(900), MIDDLE)
    assert well.healthy_since == NOW + s(900) and well.reconnect_attempts == 4
    steady, _ = on_probe(well, QUICK, NORMAL, NOW + s(1500), MIDDLE)
    assert steady.reconnect_attempts == 0


def test_a_flapping_service_keeps_its_long_delay() -> None:
    got, _ = after(snap(reconnect_attempts=4, healthy_since=NOW - s(60)), LOST)
    assert got.next_retry_at == NOW + s(8)


def throttled(seconds: float | None) -> Probe:
    wait = None if seconds is None else s(seconds)
    return Probe(fault=Fault(kind=Kind.HTTP, message="HTTP 429", retry_after=wait, proof=Proof.THROTTLED))


@pytest.mark.parametrize(
    ("told", "until"), [(90, "03:05:35"), (7, "03:04:35"), (None, "03:04:35"), (86_400, "04:04:05")]
)
def test_a_throttled_check_warns_until_when_it_waits_and_counts_no_failure(
    told: float | None, until: str
) -> None:
    got, change = after(snap(), throttled(told))
    assert got.state is W and change is not None
    assert change.reason == f"throttled until {until} UTC (HTTP 429)"
    assert (got.consecutive_failures, got.last_level) == (0, Level.WARNING)
    assert trail(got, *[throttled(told)] * 20, answered(0.1)) == [W] * 20 + [H]


def unavailable(seconds: float) -> Probe:
    fault = Fault(kind=Kind.HTTP, message="HTTP 503", cause=Cause.SERVER_ERROR, retry_after=s(seconds))
    return Probe(fault=replace(fault, proof=Proof.THROTTLED))


def test_503_with_a_time_to_come_again_is_a_pause_only_for_a_while() -> None:
    assert trail(snap(last_success_at=NOW), *[unavailable(30)] * 5) == [W, W, W, W, R]
    assert trail(snap(last_success_at=NOW), *[unavailable(30)] * 4, QUICK) == [W, W, W, W, H]
    long_ago = snap(last_success_at=NOW - s(300))
    got, _ = after(long_ago, unavailable(600), unavailable(600))
    assert (got.state, got.consecutive_failures, got.last_level) == (R, 2, Level.UNHEALTHY)
    assert got.next_retry_at == NOW + s(605)


def test_a_connection_that_throttling_cost_is_lost() -> None:
    fault = Fault(kind=Kind.HTTP, message="HTTP 429", lost=True, proof=Proof.THROTTLED)
    assert trail(snap(), Probe(fault=fault)) == [R]


def test_a_doubt_beside_good_answers_is_a_warning_until_it_is_gone() -> None:
    said = Fault(kind=Kind.FUNCTION, message="all its tools are gone at once")
    doubted = Probe(took=timedelta(milliseconds=5), doubt=said)
    step, change = on_probe(snap(), doubted, NORMAL, NOW, MIDDLE)
    assert change is not None and (change.after, change.event, change.reason) == (
        State.WARNING,
        "doubted",
        said.message,
    )
    assert (step.fault, step.consecutive_failures, step.last_level) == (said, 0, Level.WARNING)
    again, none = on_probe(step, doubted, NORMAL, NOW, MIDDLE)
    assert (again.state, none) == (State.WARNING, None)
    well, change = on_probe(again, Probe(took=timedelta(milliseconds=5)), NORMAL, NOW, MIDDLE)
    assert (well.state, well.fault) == (State.HEALTHY, None)
