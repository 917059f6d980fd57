"""Each kind of failure in each state has words of its own, a next step, and buttons that lead on."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from lifecycle.core.health import Kind
from lifecycle.core.states import CONNECTING, State
from lifecycle.diagnosis import Diagnosis, Facts, diagnose, needs_sign_in
from lifecycle.remedies import Act

TROUBLED = (State.WARNING, *sorted(CONNECTING))
CASES = list(product(TROUBLED, Kind))


def found(state: State, kind: Kind | None, **more: object) -> Diagnosis:
    fields: dict[str, object] = {"attempts": 3, "max_attempts": 10, "failures": 3, "max_restarts": 3, **more}
    return diagnose(Facts(state=state, kind=kind, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "kind"), CASES)
def test_every_kind_in_every_state_is_told_in_full(state: State, kind: Kind) -> None:
    told = found(state, kind)
    assert told.what and told.cause and told.todo and told.next_step and told.remedies
    assert all(told.todo) and all(remedy.words for remedy in told.remedies)
    assert told.what.endswith(".") and told.cause.endswith(".")


def test_no_two_of_them_read_alike() -> None:
    told = {case: found(*case) for case in CASES}
    for (one, first), (other, second) in combinations(told.items(), 2):
        assert first.what != second.what, (one, other)
    for state in TROUBLED:
        assert len({told[state, kind].cause for kind in Kind}) == len(Kind)
        assert len({told[state, kind].todo for kind in Kind}) == len(Kind)


@pytest.mark.parametrize("state", list(State))
def test_every_state_says_what_comes_next_even_without_a_fault(state: State) -> None:
    told = diagnose(Facts(state=state))
    assert told.what and told.next_step
    assert bool(told.remedies) is (state is not State.DISCONNECTING)


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind.EXITED, Act.RESTART),
        (Kind.SPAWN, Act.RESTART),
        (Kind.AUTH, Act.EDIT),
        (Kind.POLICY, Act.EDIT),
        (Kind.DNS, Act.EDIT),
        (Kind.REFUSED, Act.RECONNECT),
        (Kind.TIMEOUT, Act.RECONNECT),
        (Kind.CLOSED, Act.RECONNECT),
        (Kind.FUNCTION, Act.CHECK),
    ],
)
def test_the_first_button_is_the_one_that_helps(kind: Kind, first: Act) -> None:
    assert found(State.UNREACHABLE, kind).remedies[0].act is first


def test_one_that_needs_sign_in_is_told_what_to_put_in_and_is_not_called_down() -> None:
    told = found(State.UNREACHABLE, Kind.AUTH)
    assert told.what.startswith("It needs sign-in")
    assert "bearer token" in told.todo[0]
    assert told.remedies[0].words == "Put in a token"
    for word in ("cannot be reached", "down"):
        assert word not in told.what
    assert needs_sign_in(State.UNREACHABLE, "auth") and needs_sign_in(State.WARNING, "auth")
    assert not needs_sign_in(State.UNREACHABLE, "refused") and not needs_sign_in(State.DISCONNECTED, "auth")


def test_a_program_is_told_of_in_restarts() -> None:
    told = found(State.RECONNECTING, Kind.EXITED, restarts=2)
    assert told.next_step == "Restart 2 of 3"
    assert "restarted 3 times" in found(State.UNREACHABLE, Kind.EXITED, restarts=4).what


def test_trouble_of_the_console_is_not_blamed_on_the_service() -> None:
    told = diagnose(Facts(state=State.HEALTHY, unsure="saturated"))
    assert "the console itself had too much to do" in told.what and told.cause == ""
    assert "slowly" not in diagnose(Facts(state=State.WARNING, unsure="saturated")).what


def test_one_failed_check_of_a_healthy_service_is_told_too() -> None:
    told = diagnose(Facts(state=State.HEALTHY, kind=Kind.TIMEOUT, failures=1))
    assert "did not answer in time" in told.what and told.cause and told.todo
    assert diagnose(Facts(state=State.HEALTHY, kind=Kind.TIMEOUT)).what == "It answers, and quickly."


def test_a_service_that_came_to_rest_by_itself_says_why() -> None:
    told = diagnose(Facts(state=State.DISCONNECTED, kind=Kind.EXITED, reason="gave up"))
    assert (told.what, bool(told.cause)) == ("It is stopped: gave up.", True)
    assert [remedy.act for remedy in told.remedies] == [Act.START]


@pytest.mark.parametrize("state", sorted(CONNECTING))
def test_one_that_waits_names_what_it_waits_for_and_offers_to_try_all_the_same(state: State) -> None:
    told = found(state, Kind.REFUSED, held_by=("maps", "auth"))
    assert told.next_step.startswith("Waiting for maps, auth:")
    assert "maps, auth" in told.cause
    assert [remedy.act for remedy in told.remedies] == [Act.RECONNECT]


def test_one_that_waits_for_what_a_person_stopped_says_that_it_waits_for_the_person() -> None:
    told = found(State.RECONNECTING, Kind.REFUSED, held_by=("maps", "auth"), resting=("maps",))
    assert told.next_step == "Waiting for maps, auth: that goes on until somebody starts maps."
    assert told.todo == ("Start maps, or reconnect now to try all the same.",)
