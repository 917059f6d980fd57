"""A person moves a service along the table, and nowhere else."""

from __future__ import annotations

import pytest

from lifecycle.core.machine import manual
from lifecycle.core.machine.states import SERVING, TRANSITIONS, State
from lifecycle.core.policy.policy import NORMAL
from tests.support.snapshots import MIDDLE, NOW, snap

MOVES = [(before, after) for before in State for after in State]


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_exactly_the_moves_of_the_table_are_possible(before: State, after: State) -> None:
    legal = after in TRANSITIONS[before].values()
    assert (after in manual.possible(before)) is legal
    if not legal:
        with pytest.raises(manual.NotPossibleByHandError) as caught:
            manual.move(snap(before), after, NORMAL, NOW, MIDDLE, "by ann")
        assert all(state.value in str(caught.value) for state in manual.possible(before))
        return
    moved, change = manual.move(snap(before), after, NORMAL, NOW, MIDDLE, "set by ann")
    assert change is not None
    assert (change.before, change.after, change.reason) == (before, after, "set by ann")
    assert (moved.state, moved.state_entered_at) == (after, NOW)
    at_rest = after in (State.DISCONNECTING, State.DISCONNECTED)
    assert (moved.not_serving_since is None) is (after in SERVING or at_rest)


def test_one_that_is_to_reconnect_tries_at_once_and_one_given_up_for_now_in_a_minute() -> None:
    quick, _ = manual.move(snap(State.HEALTHY), State.RECONNECTING, NORMAL, NOW, MIDDLE, "x")
    slow, _ = manual.move(snap(State.RECONNECTING), State.UNREACHABLE, NORMAL, NOW, MIDDLE, "x")
    assert quick.next_retry_at == NOW
    assert slow.next_retry_at == NOW + NORMAL.base_delay
