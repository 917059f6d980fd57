"""Each kind of failure in each state has words of its own, a next step, and buttons that lead on."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.inconclusive import Ours
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import CONNECTING, State
from lifecycle.services.diagnosis.diagnosis import Diagnosis, Facts, diagnose, needs_sign_in
from lifecycle.services.diagnosis.remedies import BY_CAUSE, BY_KIND, UNSURE, Act, in_short

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


def test_every_cause_has_words_of_its_own_and_none_are_shared() -> None:
    assert set(BY_CAUSE) == set(Cause)
    told = [*BY_KIND.values(), *BY_CAUSE.values()]
    for field in ("short", "happened", "cause", "todo"):
        said = [str(getattr(one, field)) for one in told]
        assert len(set(said)) == len(said), (field, sorted(text for text in said if said.count(text) > 1))
    for one in told:
        assert str(one.happened).endswith(".") and str(one.cause).endswith(".") and one.todo and one.acts
        assert len(str(one.short)) <= 24


@pytest.mark.parametrize("cause", [Cause.THROTTLED, Cause.SERVER_ERROR, Cause.GATEWAY])
def test_what_the_server_itself_has_wrong_is_not_blamed_on_the_path_and_offers_no_edit(cause: Cause) -> None:
    told = found(State.UNREACHABLE, Kind.HTTP, exactly=cause)
    assert Act.EDIT not in [remedy.act for remedy in told.remedies]
    assert "path" not in " ".join([told.what, told.cause, *told.todo])


@pytest.mark.parametrize(
    ("cause", "words", "ask"),
    [
        (Cause.WANTS_SSE, "Change to SSE", "?transport=sse"),
        (Cause.WANTS_STREAMABLE, "Change to streamable HTTP", "?transport=streamable-http"),
    ],
)
def test_the_wrong_transport_leads_to_the_form_with_the_other_one(cause: Cause, words: str, ask: str) -> None:
    first = found(State.UNREACHABLE, Kind.HTTP, exactly=cause).remedies[0]
    assert (first.act, first.words, first.ask) == (Act.EDIT, words, ask)


def test_the_list_shows_the_status_itself_and_else_the_cause_in_a_word_or_two() -> None:
    assert in_short("http", "gateway", "HTTP 502 Bad Gateway: upstream") == "HTTP 502"
    assert in_short("tls", "cert-expired", "the server's certificate has expired") == "certificate expired"
    assert in_short("exited", "", "the process exited with code 3") == "process exited"
    assert in_short("of-tomorrow", "", "") == "of-tomorrow"


@pytest.mark.parametrize("cause", list(Cause))
def test_a_cause_that_is_known_exactly_is_what_is_told(cause: Cause) -> None:
    told = found(State.UNREACHABLE, Kind.EXITED, exactly=cause)
    assert told.what.startswith(str(BY_CAUSE[cause].happened))
    assert told.cause == str(BY_CAUSE[cause].cause)


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
    assert told.remedies[0].words == "Enter a token"
    for word in ("cannot be reached", "down"):
        assert word not in told.what
    assert needs_sign_in(State.UNREACHABLE, "auth") and needs_sign_in(State.WARNING, "auth")
    assert not needs_sign_in(State.UNREACHABLE, "refused") and not needs_sign_in(State.DISCONNECTED, "auth")


def test_a_program_is_told_of_in_restarts() -> None:
    told = found(State.RECONNECTING, Kind.EXITED, restarts=2)
    assert told.next_step == "Restart 2 of 3"
    assert "3 restarts failed" in found(State.UNREACHABLE, Kind.EXITED, restarts=4).what


def test_trouble_of_the_console_is_not_blamed_on_the_service() -> None:
    told = diagnose(Facts(state=State.HEALTHY, unsure="saturated"))
    assert "the console was overloaded" in told.what and told.cause == ""
    assert "slowly" not in diagnose(Facts(state=State.WARNING, unsure="saturated")).what


@pytest.mark.parametrize("state", sorted(CONNECTING))
def test_an_attempt_that_a_fault_of_our_own_spoilt_is_told_with_its_reason(state: State) -> None:
    told = diagnose(Facts(state=state, unsure="database"))
    assert "the console's database was busy" in told.what


def test_one_failed_check_of_a_healthy_service_is_told_too() -> None:
    told = diagnose(Facts(state=State.HEALTHY, kind=Kind.TIMEOUT, failures=1))
    assert "did not answer in time" in told.what and told.cause and told.todo
    assert diagnose(Facts(state=State.HEALTHY, kind=Kind.TIMEOUT)).what == "It answers in time."


def test_a_program_that_never_served_may_be_downloading() -> None:
    starting = diagnose(Facts(state=State.INITIALIZING, program=True, served=False))
    assert "can take minutes" in starting.todo[0]
    for known in ({"program": True}, {"served": False}):
        assert "few seconds" in found(State.INITIALIZING, None, **known).todo[0]


def test_of_a_program_that_served_no_first_start_is_spoken() -> None:
    for state, cause in product(State, (None, *Cause)):
        told = found(state, Kind.TIMEOUT if cause else None, exactly=cause, program=True, served=True)
        assert "first start" not in " ".join([told.what, told.cause, *told.todo, told.next_step]).lower()


def test_a_service_that_came_to_rest_by_itself_says_why() -> None:
    told = diagnose(Facts(state=State.DISCONNECTED, kind=Kind.EXITED, reason="gave up"))
    assert (told.what, bool(told.cause)) == ("Stopped: gave up.", True)
    assert [remedy.act for remedy in told.remedies] == [Act.START]


@pytest.mark.parametrize("state", sorted(CONNECTING))
def test_one_that_waits_names_what_it_waits_for_and_offers_to_try_all_the_same(state: State) -> None:
    told = found(state, Kind.REFUSED, held_by=("maps", "auth"))
    assert told.next_step.startswith("Waiting for maps, auth.")
    assert "maps, auth" in told.cause
    assert [remedy.act for remedy in told.remedies] == [Act.RECONNECT]


def test_one_that_waits_for_what_a_person_stopped_says_that_it_waits_for_the_person() -> None:
    told = found(State.RECONNECTING, Kind.REFUSED, held_by=("maps", "auth"), resting=("maps",))
    assert told.next_step == "Waiting for maps, auth until someone starts maps."
    assert told.todo == ("Start maps, or reconnect now to try anyway.",)


def test_who_is_throttled_is_told_that_the_connection_is_kept_and_not_that_it_is_slow() -> None:
    told = found(State.WARNING, Kind.HTTP, exactly=Cause.THROTTLED, failures=0)
    assert "It is still connected" in told.what and "slow" not in told.what
    assert told.next_step == "Checked again at the time in the message."


@pytest.mark.parametrize(
    ("cause", "next_step"),
    [
        (Cause.TOOLS_GONE, "Its tools are listed again every few minutes."),
        (None, "The next check is automatic."),
    ],
)
def test_who_answers_but_does_not_do_its_work_named_no_time_to_come_again(
    cause: Cause | None, next_step: str
) -> None:
    told = found(State.WARNING, Kind.FUNCTION, exactly=cause, failures=0)
    assert told.next_step == next_step


@pytest.mark.parametrize("cause", [Cause.NOT_FOUND, Cause.THROTTLED, Cause.WEB_PAGE, Cause.ANSWERS_ERROR])
def test_what_is_said_to_be_up_is_not_said_to_be_out_of_reach(cause: Cause) -> None:
    what = found(State.UNREACHABLE, Kind.HTTP, exactly=cause, attempts=10).what
    assert "10 connection attempts failed." in what and "reached" not in what


@pytest.mark.parametrize("ours", list(Ours))
def test_every_fault_of_ours_has_words(ours: Ours) -> None:
    assert str(UNSURE[ours]) in diagnose(Facts(state=State.INITIALIZING, unsure=ours)).what


@pytest.mark.parametrize("state", [State.INITIALIZING, State.RECONNECTING, State.UNREACHABLE, State.HEALTHY])
def test_who_cannot_connect_for_want_of_files_is_told_what_to_raise(state: State) -> None:
    for kind in (None, Kind.CLOSED):
        assert "Raise the limit" in diagnose(Facts(state=state, kind=kind, unsure=Ours.FILES)).todo[0]
