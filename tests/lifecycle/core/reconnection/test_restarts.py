"""How often a program is started again, and when nothing is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from lifecycle.core.health.verdict import Fault, Kind, Probe
from lifecycle.core.machine import moves
from lifecycle.core.machine.snapshot import Snapshot
from lifecycle.core.machine.states import TRANSITIONS, Event, State
from lifecycle.core.policy.policy import NORMAL, Policy
from lifecycle.core.reconnection import restarts
from tests.support.snapshots import MIDDLE, NOW, REFUSED, UNAUTHORISED, s, snap

H, R, U, D = State.HEALTHY, State.RECONNECTING, State.UNREACHABLE, State.DISCONNECTED
EXITED = Fault(kind=Kind.EXITED, message="exited with code 1", lost=True)
HUNG = Fault(kind=Kind.TIMEOUT, message="no answer")


def walked(
    start: Snapshot, step: moves.Step, now: datetime, policy: Policy, program: bool
) -> tuple[Snapshot, list[State]]:
    """The snapshot at the end, and the states entered on the way, each move held against the table."""
    before, entered = start, []
    for after, change in restarts.follow(step, policy, now, MIDDLE, program=program):
        if change is not None:
            assert TRANSITIONS[before.state][Event(change.event)] is after.state is change.after
            entered.append(after.state)
        before = after
    return before, entered


def dies(
    start: Snapshot, now: datetime = NOW, policy: Policy = NORMAL, fault: Fault = EXITED, program: bool = True
) -> tuple[Snapshot, list[State]]:
    step = moves.on_probe(start, Probe(fault=fault), policy, now, MIDDLE)
    return walked(start, step, now, policy, program)


def fails(
    start: Snapshot, policy: Policy = NORMAL, fault: Fault = EXITED, program: bool = True
) -> tuple[Snapshot, list[State]]:
    step = moves.on_connect_failed(start, fault, policy, NOW, MIDDLE)
    return walked(start, step, NOW, policy, program)


def wait(got: Snapshot, now: datetime = NOW) -> float:
    assert got.next_retry_at is not None
    return (got.next_retry_at - now).total_seconds()


def test_a_program_that_exits_again_and_again_gets_three_restarts_then_the_long_cycle() -> None:
    got, seen = snap(H), []
    for _ in range(8):
        got, entered = dies(got)
        seen.append((entered[-1], wait(got)))
        got, _ = moves.on_connected(got, NOW)
    assert seen == [(R, 0), (R, 5), (R, 5), (U, 60), (U, 120), (U, 240), (U, 480), (U, 600)]


def test_a_program_that_never_gets_up_is_not_started_ten_times() -> None:
    got, entered = fails(snap(State.INITIALIZING))
    waits, states = [wait(got)], list(entered)
    for _ in range(3):
        got, entered = fails(got)
        waits.append(wait(got))
        states += entered
    assert (waits, states) == ([0, 5, 5, 60], [R, U])
    got, _ = fails(got)
    assert (got.state, wait(got)) == (U, 120)


def test_restarts_are_counted_within_the_window() -> None:
    first, _ = dies(snap(H))
    up, _ = moves.on_connected(first, NOW)
    within, _ = dies(up, NOW + s(599))
    after, _ = dies(up, NOW + s(600))
    assert (within.restarts, after.restarts) == (2, 1)
    assert (within.restarts_since, after.restarts_since) == (NOW, NOW + s(600))


def test_once_used_up_only_a_long_healthy_time_gives_quick_restarts_back() -> None:
    used_up = snap(
        H, restarts=4, restarts_since=NOW - s(3000), healthy_since=NOW - s(599), reconnect_attempts=4
    )
    got, entered = dies(used_up)
    assert (entered, got.restarts) == ([R, U], 5)
    steady, _ = moves.on_probe(used_up, Probe(took=s(0.1)), NORMAL, NOW + s(1), MIDDLE)
    got, entered = dies(steady, NOW + s(1))
    assert (entered, got.restarts, wait(got, NOW + s(1))) == ([R], 1, 0)


def test_a_person_gives_restarts_back() -> None:
    for state, ask in ((U, moves.reconnect), (D, moves.start)):
        got, _ = ask(snap(state, restarts=9, restarts_since=NOW), NOW, "now")
        assert (got.restarts, got.restarts_since) == (0, None)


@pytest.mark.parametrize("start", [snap(H), snap(R, reconnect_attempts=3)])
def test_a_remote_service_is_left_to_the_two_speeds(start: Snapshot) -> None:
    step = moves.on_connect_failed(start, REFUSED, NORMAL, NOW, MIDDLE)
    assert restarts.follow(step, NORMAL, NOW, MIDDLE, program=False) == [step]


def test_a_program_that_cannot_be_started_at_all_is_no_restart() -> None:
    got, entered = fails(snap(State.INITIALIZING), fault=UNAUTHORISED)
    assert (entered, got.restarts) == ([U], 0)


def test_a_hanging_program_is_restarted_too() -> None:
    policy = replace(NORMAL, reconnecting_failure_threshold=1)
    got, entered = dies(snap(H, restarts=3, restarts_since=NOW), policy=policy, fault=HUNG)
    assert (entered, wait(got)) == ([R, U], 60)


@pytest.mark.parametrize("most", [0, 1])
def test_the_number_of_restarts_is_the_policys(most: int) -> None:
    policy = replace(NORMAL, max_restarts=most)
    _, entered = dies(snap(H), policy=policy)
    assert entered == ([R] if most else [R, U])


def test_a_program_that_is_not_to_be_restarted_comes_to_rest() -> None:
    policy = replace(NORMAL, restart_on_exit=False)
    got, entered = dies(snap(H), policy=policy)
    assert entered == [R, U, D]
    assert (got.disconnect_reason, got.not_serving_since, got.fault) == (restarts.NOT_RESTARTED, NOW, EXITED)
    assert moves.due(got) is None


@pytest.mark.parametrize("program", [True, False])
def test_failed_checks_need_not_lead_to_a_restart(program: bool) -> None:
    policy = replace(NORMAL, reconnecting_failure_threshold=1, restart_on_error=False)
    assert dies(snap(H), policy=policy, fault=HUNG, program=program)[1] == [R, U, D]
    reset = Fault(kind=Kind.CLOSED, message="reset", lost=True)
    assert dies(snap(H), policy=policy, fault=reset, program=program)[1] == [R]


def test_an_answered_check_passes_through() -> None:
    step = moves.on_probe(snap(H), Probe(took=s(0.1)), NORMAL, NOW, MIDDLE)
    assert restarts.follow(step, NORMAL, NOW, MIDDLE, program=True) == [step]


def test_sessions_are_renewed_without_a_word_but_not_over_and_over() -> None:
    renewals: tuple[datetime, ...] | None = ()
    for age in (0, 1, 2):
        renewals = restarts.renewed(renewals or (), NOW + s(age))
        assert renewals is not None
    assert restarts.renewed(renewals or (), NOW + s(3)) is None
    assert restarts.renewed(renewals or (), NOW + s(21)) == (*(renewals or ()), NOW + s(21))


def test_a_session_that_expires_before_each_check_is_always_renewed() -> None:
    renewals: tuple[datetime, ...] = ()
    for number in range(20):
        again = restarts.renewed(renewals, NOW + s(10 * number))
        assert again is not None
        renewals = again


@pytest.mark.parametrize(("apart", "told"), [(7, True), (20, True), (30, False)])
def test_sessions_that_end_soon_are_told_where_they_are_renewed(apart: int, told: bool) -> None:
    renewals: tuple[datetime, ...] = ()
    now = NOW
    for _ in range(100):
        now += s(apart)
        again = restarts.renewed(renewals, now)
        assert again is not None
        renewals = again
    assert len(renewals) <= 600 / apart + 1
    assert restarts.note(renewals, now) == (restarts.ENDS_SOON if told else "")
    assert restarts.note(renewals, now + s(600)) == ""
