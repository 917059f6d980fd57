"""Whatever happens to a service, in whatever order: only legal moves, and figures that fit its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lifecycle.core.health.verdict import Fault, Level, Probe, verdict
from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import Change, Snapshot, Step
from lifecycle.core.machine.states import CONNECTING, SERVING, TRANSITIONS, Event, State
from lifecycle.core.policy.policy import NORMAL, PRIORITY_FACTOR, PROFILES, policy_for
from tests.support.snapshots import NOW, chances, faults, probes, s

STOPPED = (State.DISCONNECTING, State.DISCONNECTED)
LONGEST_WAIT = timedelta(hours=1)
give_ups = st.sampled_from([None, timedelta(minutes=30)])


def in_state(*states: State) -> Callable[[Walk], bool]:
    return lambda walk: walk.snap.state in states


class Walk(RuleBasedStateMachine):
    """One service's life; beside the machine it keeps its own, simpler, count of what must be true."""

    snap: Snapshot

    @initialize(
        running=st.booleans(),
        profile=st.sampled_from(sorted(PROFILES)),
        priority=st.sampled_from(sorted(PRIORITY_FACTOR)),
        give_up=give_ups,
    )
    def begin(self, running: bool, profile: str, priority: str, give_up: timedelta | None) -> None:
        self.now = NOW
        self.policy = replace(policy_for(profile, priority), give_up_after=give_up)
        self.failures = self.successes = 0
        self.down_since = NOW if running else None
        self.snap, _ = moves.register(running, NOW)

    def take(self, step: Step) -> Change | None:
        """Follow one step, and hold its change against the table."""
        before, (self.snap, change) = self.snap, step
        if change is None:
            assert self.snap.state is before.state and self.snap.state_entered_at == before.state_entered_at
            return None
        assert (change.before, change.after) == (before.state, self.snap.state)
        assert TRANSITIONS[before.state][Event(change.event)] is self.snap.state
        assert self.snap.state_entered_at == self.now
        self.follow_outage(change)
        return change

    def follow_outage(self, change: Change) -> None:
        if change.after in SERVING or change.event in ("stop", "closed"):
            self.down_since = None
        elif change.before in SERVING or change.before in STOPPED:
            self.down_since = self.now

    def count(self, ok: bool) -> None:
        self.failures = 0 if ok else self.failures + 1
        self.successes = self.successes + 1 if ok else 0

    @rule(passed=st.timedeltas(min_value=s(0), max_value=timedelta(minutes=20)))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @precondition(in_state(*CONNECTING, *SERVING))
    @rule(took=st.timedeltas(min_value=s(0), max_value=s(8)))
    def connects(self, took: timedelta) -> None:
        self.count(True)
        self.take(moves.on_connected(self.snap, self.now, took=took))
        assert self.snap.state in SERVING

    @precondition(in_state(*CONNECTING, *SERVING))
    @rule(fault=faults, chance=chances)
    def fails_to_connect(self, fault: Fault, chance: float) -> None:
        self.count(False)
        before = self.snap
        self.take(moves.on_connect_failed(self.snap, fault, self.policy, self.now, chance))
        assert self.snap.state not in SERVING and self.snap.fault == fault
        trying = before.state in (State.RECONNECTING, State.UNREACHABLE)
        assert self.snap.reconnect_attempts == before.reconnect_attempts + trying
        if self.snap.state is State.RECONNECTING and trying:
            assert self.snap.reconnect_attempts < self.policy.max_reconnect_attempts

    @precondition(in_state(*SERVING))
    @rule(probe=probes, chance=chances)
    def is_checked(self, probe: Probe, chance: float) -> None:
        level = verdict(probe, self.policy)
        if level is not Level.UNKNOWN:
            self.count(level is not Level.UNHEALTHY)
        self.take(moves.on_probe(self.snap, probe, self.policy, self.now, chance))
        assert self.snap.last_level is level
        lost = probe.fault is not None and probe.fault.lost
        late = level is Level.UNHEALTHY and self.failures >= self.policy.reconnecting_failure_threshold
        assert (self.snap.state is State.RECONNECTING) is (lost or late)

    @rule()
    def person_stops(self) -> None:
        started = self.snap.state not in STOPPED
        self.failures = 0 if started else self.failures
        self.down_since = None
        change = self.take(moves.stop(self.snap, self.now, "stopped"))
        assert (change is not None) is started and self.snap.state in STOPPED

    @precondition(in_state(State.DISCONNECTING))
    @rule()
    def closes(self) -> None:
        self.take(moves.closed(self.snap, self.now))
        assert self.snap.state is State.DISCONNECTED

    @precondition(lambda walk: walk.snap.state is not State.DISCONNECTING)
    @rule()
    def person_starts(self) -> None:
        if self.snap.state is State.DISCONNECTED:
            self.failures = self.successes = 0
        self.take(moves.start(self.snap, self.now, "started"))
        assert self.snap.state not in STOPPED

    @precondition(lambda walk: walk.snap.state is not State.DISCONNECTING)
    @rule()
    def person_reconnects(self) -> None:
        self.take(moves.reconnect(self.snap, self.now, "reconnect now"))
        assert moves.due(self.snap) == self.now and self.snap.reconnect_attempts == 0

    @invariant()
    def counters_are_those_of_a_simple_count(self) -> None:
        assert (self.snap.consecutive_failures, self.snap.consecutive_successes) == (
            self.failures,
            self.successes,
        )

    @invariant()
    def outage_began_when_serving_ended(self) -> None:
        assert self.snap.not_serving_since == self.down_since
        if self.snap.state in SERVING:
            assert self.snap.not_serving_since is None
        elif self.snap.state in CONNECTING:
            assert self.snap.not_serving_since is not None

    @invariant()
    def a_state_that_connects_has_a_timer_within_bounds(self) -> None:
        due = moves.due(self.snap)
        assert (due is not None) is (self.snap.state in CONNECTING)
        assert due is None or due <= self.now + LONGEST_WAIT

    @invariant()
    def healthy_time_is_counted_only_in_healthy(self) -> None:
        assert (self.snap.healthy_since is not None) is (self.snap.state is State.HEALTHY)

    @invariant()
    def a_stopped_service_says_why(self) -> None:
        assert bool(self.snap.disconnect_reason) is (self.snap.state in STOPPED)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_default_policy_is_the_normal_profile() -> None:
    assert policy_for("normal", "normal") == NORMAL
