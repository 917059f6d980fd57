"""What proves something of a service, and what only tells of ourselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.answers.proof import Proof
from lifecycle.core.health.inconclusive import AT_FAULT, Measured, Ours, Paths, offline, why, why_failed
from lifecycle.core.health.verdict import Fault, Kind, Level, Probe
from lifecycle.core.machine import moves
from lifecycle.core.machine.states import State
from lifecycle.core.policy.policy import NORMAL
from tests.support.snapshots import NOW, QUICK, answered, failed, snap

TROUBLES: dict[Ours, dict[str, Any]] = {
    Ours.SUSPENDED: {"lasted": 60, "paused": 50},
    Ours.CLOCK: {"lasted": 10, "clock_moved": -3600},
    Ours.NETWORK: {"lasted": 10, "offline": True},
    Ours.DATABASE: {"lasted": 10, "database_late": 4},
    Ours.SATURATED: {"lasted": 10, "late": 4},
}
ON = Paths(address=True, default_route=True)


@pytest.mark.parametrize("ours", list(AT_FAULT))
def test_each_fault_of_ours_excuses_a_timeout_and_is_named(ours: Ours) -> None:
    assert why(failed(Kind.TIMEOUT), NORMAL, Measured(**TROUBLES[ours])) is ours


@pytest.mark.parametrize("ours", list(AT_FAULT))
@pytest.mark.parametrize(
    "kind", [Kind.AUTH, Kind.HTTP, Kind.PROTOCOL, Kind.EXITED, Kind.SPAWN, Kind.OVERSIZE]
)
def test_what_the_server_said_and_the_end_of_a_process_count_whatever_happened(
    ours: Ours, kind: Kind
) -> None:
    assert why_failed(Fault(kind=kind, message="x"), Measured(**TROUBLES[ours])) is None


def test_without_any_trouble_of_ours_every_failure_counts() -> None:
    for kind in Kind:
        assert why(failed(kind), NORMAL, Measured(lasted=10, late=3, paused=2.9, database_late=0.9)) is None


def test_a_good_answer_counts_even_in_trouble() -> None:
    for trouble in TROUBLES.values():
        assert why(QUICK, NORMAL, Measured(**trouble)) is None


def test_a_slow_answer_is_excused_only_as_far_as_the_time_was_ours() -> None:
    assert why(answered(1.5), NORMAL, Measured(lasted=1.5, late=0.6)) is Ours.SATURATED
    assert why(answered(1.5), NORMAL, Measured(lasted=1.5, late=0.4)) is None
    assert why(answered(9), NORMAL, Measured(lasted=9, late=1)) is None
    assert why(answered(30), NORMAL, Measured(lasted=30, late=29.5, paused=29)) is Ours.SUSPENDED


@pytest.mark.parametrize(
    "late",
    [{"database_late": 1}, {"paused": 3}, {"clock_moved": 5}, {"late": 19}],
    ids=["database", "pause", "clock", "busy"],
)
def test_a_moment_of_our_own_does_not_excuse_a_minute_of_silence(
    late: dict[str, Any],
) -> None:
    hangs = Fault(kind=Kind.TIMEOUT, message="silent")
    assert why_failed(hangs, Measured(lasted=60, **late)) is None
    more: dict[str, Any] = dict.fromkeys(late, 25)
    assert why_failed(hangs, Measured(lasted=60, **more)) is not None


def test_a_database_that_is_late_for_a_second_does_not_excuse_an_answer_after_nine() -> None:
    assert why(answered(9), NORMAL, Measured(lasted=9, database_late=1)) is None
    assert why(answered(3.5), NORMAL, Measured(lasted=3.5, database_late=1)) is Ours.DATABASE


@pytest.mark.parametrize("ours", list(AT_FAULT))
def test_what_makes_all_late_does_not_excuse_one_that_others_overtook(ours: Ours) -> None:
    enough = [Measured(**TROUBLES[ours], overtaken=3), Measured(**TROUBLES[ours], excused=5)]
    for seen in enough:
        fault = why(failed(Kind.TIMEOUT), NORMAL, seen)
        assert fault is (None if ours in (Ours.DATABASE, Ours.SATURATED) else ours)
    too_few = Measured(**TROUBLES[ours], overtaken=2, excused=4)
    assert why(failed(Kind.TIMEOUT), NORMAL, too_few) is ours


def test_a_refused_connection_is_excused_by_the_network_alone() -> None:
    excused = {ours for ours, kinds in AT_FAULT.items() if Kind.REFUSED in kinds}
    assert excused == {Ours.NETWORK}


@pytest.mark.parametrize("state", [State.HEALTHY, State.WARNING])
def test_an_inconclusive_check_moves_no_state_and_no_counter(state: State) -> None:
    before = snap(state, consecutive_failures=2, consecutive_successes=0, last_level=Level.UNHEALTHY)
    after, change = moves.on_probe(before, Probe(ours="network"), NORMAL, NOW, 0.5)
    assert change is None
    assert (after.last_level, after.unsure) == (Level.UNKNOWN, "network")
    assert (after.consecutive_failures, after.last_ping_at, after.state) == (2, before.last_ping_at, state)
    later, _ = moves.on_probe(after, QUICK, NORMAL, NOW + timedelta(seconds=5), 0.5)
    assert later.unsure == ""


def _offline(failing: dict[str, float], *, last: float, now: float = 100, has: Paths = ON) -> bool:
    return offline("a", failing, last, now, had=ON, has=has)


def test_our_network_is_gone_when_the_address_or_the_route_that_was_there_is_not() -> None:
    assert _offline({}, last=99, has=Paths(address=False, default_route=False))
    assert _offline({}, last=99, has=Paths(address=True, default_route=False))
    never = Paths(address=True, default_route=False)
    assert not offline("a", {}, 99, 100, had=never, has=never)
    assert not offline("a", {}, 99, 100, had=None, has=never)


def test_several_hosts_out_of_reach_at_once_are_our_network_until_any_host_answers() -> None:
    assert _offline({"a": 50, "b": 55}, last=40)
    assert not _offline({"a": 50, "b": 55}, last=60)


def test_one_host_out_of_reach_is_given_ten_seconds_for_others_to_tell() -> None:
    assert _offline({"a": 95}, last=40)
    assert not _offline({"a": 89}, last=40)
    assert not _offline({"b": 95}, last=40)


def test_no_fault_of_ours_can_feign_what_a_server_said() -> None:
    gone = Fault(kind=Kind.CLOSED, message="session gone", lost=True, proof=Proof.GONE)
    assert why_failed(gone, Measured(paused=100, offline=True)) is None
