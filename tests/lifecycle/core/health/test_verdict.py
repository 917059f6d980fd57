"""Verdicts by time, and the two derived views."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from lifecycle.core.health.verdict import (
    INCURABLE,
    Fault,
    Kind,
    Level,
    Probe,
    Status,
    health_of,
    status_of,
    verdict,
)
from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.policy.policy import NORMAL, PROFILES
from tests.support.snapshots import DOWN, OURS, answered, probes, s

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0, Level.HEALTHY),
        (1, Level.HEALTHY),
        (3, Level.WARNING),
        (10, Level.SLOW),
        (11, Level.UNHEALTHY),
    ],
)
def test_verdict_by_time(seconds: float, level: Level) -> None:
    assert verdict(answered(seconds), NORMAL) is level


@pytest.mark.parametrize(
    ("limit", "within", "past"),
    [
        (s(1), Level.HEALTHY, Level.WARNING),
        (s(3), Level.WARNING, Level.SLOW),
        (s(10), Level.SLOW, Level.UNHEALTHY),
    ],
)
def test_verdict_changes_just_past_its_limit(limit: timedelta, within: Level, past: Level) -> None:
    assert verdict(Probe(took=limit), NORMAL) is within
    assert verdict(Probe(took=limit + TICK), NORMAL) is past


def test_verdict_of_a_fault_and_of_a_check_that_says_nothing() -> None:
    assert verdict(DOWN, NORMAL) is Level.UNHEALTHY
    assert OURS.inconclusive and verdict(OURS, NORMAL) is Level.UNKNOWN


def test_critical_profile_calls_three_seconds_its_limit() -> None:
    assert verdict(answered(3.01), PROFILES["critical"]) is Level.UNHEALTHY


def test_thresholds_come_from_the_policy() -> None:
    assert verdict(answered(0.2), replace(NORMAL, healthy_threshold=s(0.1))) is Level.WARNING


@given(probes)
def test_verdict_is_total(probe: Probe) -> None:
    assert verdict(probe, NORMAL) in Level


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("last", [None, *Level])
def test_health_is_total_and_the_last_check_counts_only_while_serving(
    state: State, last: Level | None
) -> None:
    health = health_of(state, last)
    assert health in Level
    if state in SERVING:
        assert health is (last or Level.UNKNOWN)
    else:
        assert health is health_of(state, None)


def test_health_of_each_state_at_rest() -> None:
    assert {state: health_of(state, Level.HEALTHY) for state in State} == {
        State.INITIALIZING: Level.UNKNOWN,
        State.HEALTHY: Level.HEALTHY,
        State.WARNING: Level.HEALTHY,
        State.RECONNECTING: Level.RECONNECTING,
        State.UNREACHABLE: Level.FAILED,
        State.DISCONNECTING: Level.DISCONNECTED,
        State.DISCONNECTED: Level.DISCONNECTED,
    }


@pytest.mark.parametrize("ever_started", [True, False])
def test_status_of_each_state(ever_started: bool) -> None:
    at_rest = Status.STOPPED if ever_started else Status.NOT_STARTED
    assert {state: status_of(state, ever_started) for state in (None, *State)} == {
        None: Status.UNKNOWN,
        State.INITIALIZING: Status.STARTING,
        State.HEALTHY: Status.RUNNING,
        State.WARNING: Status.RUNNING,
        State.RECONNECTING: Status.ERROR,
        State.UNREACHABLE: Status.ERROR,
        State.DISCONNECTING: Status.STOPPING,
        State.DISCONNECTED: at_rest,
    }


def test_faults_that_retrying_cannot_cure() -> None:
    assert {Kind.AUTH, Kind.SPAWN, Kind.POLICY} == INCURABLE
    assert all(Fault(kind=kind, message="").incurable is (kind in INCURABLE) for kind in Kind)
