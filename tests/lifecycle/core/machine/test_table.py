"""The table of legal moves, as requirements 2.1 has it."""

from __future__ import annotations

import pytest

from lifecycle.core.machine.states import (
    CONNECTING,
    SERVING,
    TIMED,
    TRANSITIONS,
    Event,
    IllegalMoveError,
    State,
    target,
)

S, E = State, Event

LEGAL = {
    (S.INITIALIZING, E.CONNECTED, S.HEALTHY),
    (S.INITIALIZING, E.CONNECT_FAILED, S.RECONNECTING),
    (S.INITIALIZING, E.INCURABLE, S.UNREACHABLE),
    (S.HEALTHY, E.SLOW, S.WARNING),
    (S.HEALTHY, E.FLAKY, S.WARNING),
    (S.HEALTHY, E.THROTTLED, S.WARNING),
    (S.HEALTHY, E.DOUBTED, S.WARNING),
    (S.HEALTHY, E.LOST, S.RECONNECTING),
    (S.WARNING, E.LOST, S.RECONNECTING),
    (S.WARNING, E.RECOVERED, S.HEALTHY),
    (S.RECONNECTING, E.CONNECTED, S.HEALTHY),
    (S.RECONNECTING, E.EXHAUSTED, S.UNREACHABLE),
    (S.RECONNECTING, E.INCURABLE, S.UNREACHABLE),
    (S.UNREACHABLE, E.CONNECTED, S.HEALTHY),
    (S.UNREACHABLE, E.RETRY, S.RECONNECTING),
    (S.UNREACHABLE, E.GIVE_UP, S.DISCONNECTED),
    (S.DISCONNECTING, E.CLOSED, S.DISCONNECTED),
    (S.DISCONNECTED, E.START, S.INITIALIZING),
    (S.DISCONNECTED, E.RECONNECT, S.RECONNECTING),
    *((state, E.STOP, S.DISCONNECTING) for state in (S.INITIALIZING, S.HEALTHY, S.WARNING)),
    *((state, E.STOP, S.DISCONNECTING) for state in (S.RECONNECTING, S.UNREACHABLE)),
}


def test_table_holds_the_required_moves_and_no_other() -> None:
    assert {(a, event, b) for a, moves in TRANSITIONS.items() for event, b in moves.items()} == LEGAL


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_a_move_outside_the_table_is_refused(state: State, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert target(state, event) is TRANSITIONS[state][event]
        return
    with pytest.raises(IllegalMoveError) as caught:
        target(state, event)
    assert (caught.value.state, caught.value.event) == (state, event)
    assert state in str(caught.value) and event in str(caught.value)


def reachable_from(start: State) -> set[State]:
    seen: set[State] = set()
    ahead = {start}
    while ahead:
        seen |= ahead
        ahead = {to for state in ahead for to in TRANSITIONS[state].values()} - seen
    return seen


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_from_every_other(state: State) -> None:
    assert reachable_from(state) == set(State)


def test_every_state_has_a_way_out() -> None:
    assert all(TRANSITIONS[state] for state in State)


def test_every_state_has_a_timer_or_waits_for_a_close_or_a_person() -> None:
    assert set(State) - TIMED == {S.DISCONNECTING, S.DISCONNECTED}
    assert SERVING | CONNECTING == TIMED and not SERVING & CONNECTING


def test_every_event_of_the_table_is_used() -> None:
    assert {event for moves in TRANSITIONS.values() for event in moves} == set(Event)
