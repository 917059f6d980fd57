"""Who waits for whom before it tries to connect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifecycle.core.machine import moves
from lifecycle.core.machine.states import CONNECTING, SERVING, State
from lifecycle.core.reconnection import dependency_wait
from lifecycle.core.reconnection.dependency_wait import FIRST_WAIT, Needed
from tests.support.snapshots import NOW, s, snap

S = State
DOWN = Needed(name="maps", state=S.RECONNECTING)
UP = Needed(name="geo", state=S.WARNING)


@pytest.mark.parametrize("state", list(State))
def test_only_what_has_no_connection_waits(state: State) -> None:
    got = dependency_wait.held_by(snap(state), [DOWN, UP], NOW - s(30))
    assert got == (("maps",) if state in CONNECTING else ())


@pytest.mark.parametrize("state", list(State))
def test_a_dependency_holds_unless_it_serves(state: State) -> None:
    needs = [Needed(name="maps", state=state), UP]
    assert dependency_wait.held_by(snap(S.RECONNECTING), needs, NOW) == (
        () if state in SERVING else ("maps",)
    )


def test_all_that_hold_are_named_by_name() -> None:
    needs = [DOWN, UP, Needed(name="auth", state=S.DISCONNECTED)]
    assert dependency_wait.held_by(snap(S.UNREACHABLE), needs, NOW) == ("auth", "maps")


def test_what_a_person_asks_for_goes_through() -> None:
    assert dependency_wait.held_by(snap(S.RECONNECTING), [DOWN], NOW, asked=True) == ()


def test_a_first_connection_waits_for_a_minute_and_not_longer() -> None:
    first = snap(S.INITIALIZING)
    entered = first.state_entered_at
    assert dependency_wait.held_by(first, [DOWN], entered + FIRST_WAIT - s(0.001)) == ("maps",)
    assert dependency_wait.held_by(first, [DOWN], entered + FIRST_WAIT) == ()


def test_no_attempt_is_due_while_held_but_the_first_is_looked_at_again_after_its_minute() -> None:
    for state in (S.RECONNECTING, S.UNREACHABLE):
        held = dependency_wait.mark(snap(state, next_retry_at=NOW), ["maps"])
        assert (held.held_by, held.next_retry_at, moves.due(held)) == (("maps",), None, None)
    first = dependency_wait.mark(snap(S.INITIALIZING, next_retry_at=NOW), ["maps"])
    assert moves.due(first) == first.state_entered_at + FIRST_WAIT


def test_without_dependencies_nothing_is_touched() -> None:
    same = snap(S.RECONNECTING, next_retry_at=NOW)
    assert dependency_wait.mark(same, dependency_wait.held_by(same, [], NOW)) is same


def test_its_return_is_a_retry_at_once_with_quick_attempts_left_but_restarts_stay_counted() -> None:
    held = snap(S.UNREACHABLE, held_by=("maps",), reconnect_attempts=10, long_cycles=4, restarts=3)
    got, change = dependency_wait.resume(held, NOW)
    assert (got.state, got.next_retry_at, got.held_by) == (S.RECONNECTING, NOW, ())
    assert (got.reconnect_attempts, got.long_cycles, got.restarts) == (0, 0, 3)
    assert change is not None
    assert (change.event, change.reason) == ("retry", "its dependency is back: maps")


def test_in_reconnecting_the_attempts_go_on_where_they_stood() -> None:
    held = snap(S.RECONNECTING, held_by=("maps",), reconnect_attempts=7)
    got, change = dependency_wait.resume(held, NOW)
    assert (got, change) == (replace(held, held_by=(), next_retry_at=NOW), None)


def test_every_move_and_every_wish_of_a_person_ends_the_waiting() -> None:
    held = snap(S.RECONNECTING, held_by=("maps",))
    assert moves.on_connected(held, NOW)[0].held_by == ()
    assert moves.stop(held, NOW, "stopped by ann")[0].held_by == ()
