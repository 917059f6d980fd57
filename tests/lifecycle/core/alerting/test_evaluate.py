"""What holds for every course of events, played through the real machine."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Condition, Ending, Episode, Notice, Phase, Rule, Scope, Situation
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.machine import moves
from lifecycle.core.machine.states import CONNECTING, SERVING, IllegalMoveError, State
from lifecycle.core.policy.policy import Policy

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
S = State
COOLDOWN = timedelta(seconds=300)
ENTERED = Rule(
    condition=Condition.STATE_ENTERED, states=frozenset({S.RECONNECTING, S.UNREACHABLE}), cooldown=COOLDOWN
)
HELD = replace(ENTERED, hold=timedelta(seconds=15))
LASTING = Rule(condition=Condition.NOT_SERVING_FOR, hold=timedelta(seconds=60), cooldown=COOLDOWN)
DEEDS = ("connect", "fail", "incurable", "lose", "stop", "restart", "close", "start", "reconnect", "wait")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def down(since: float, state: State = S.RECONNECTING, *, entered: bool = True) -> Situation:
    return Situation(state=state, not_serving_since=at(since), entered=entered)


UP = Situation(state=S.HEALTHY, not_serving_since=None, entered=True)


def test_scope_covers_by_name_tag_and_profile() -> None:
    subject = ("weather", ["eu", "paid"], "critical")
    assert Scope().covers(*subject)
    assert Scope.read({"kind": "services", "values": ["weather"]}).covers(*subject)
    assert Scope.read({"kind": "tags", "values": ["paid", "x"]}).covers(*subject)
    assert Scope.read({"kind": "profiles", "values": ["critical"]}).covers(*subject)
    assert not Scope.read({"kind": "tags", "values": ["weather"]}).covers(*subject)
    assert not Scope.read({"kind": "agents", "values": ["weather"]}).covers(*subject)


def test_a_state_entered_rule_fires_at_the_entry() -> None:
    episode, notice = evaluate.step(ENTERED, None, None, down(0), at(0))
    assert episode is not None and episode.phase is Phase.FIRING and notice is Notice.FIRING


def test_a_state_entered_before_the_rule_was_there_does_not_count() -> None:
    assert evaluate.step(ENTERED, None, None, down(0, entered=False), at(9)) == (None, None)


def test_the_cooldown_ends_to_the_second() -> None:
    waiting, _ = evaluate.step(ENTERED, None, at(0), down(100), at(100))
    assert waiting is not None and waiting.due_at == at(300)
    still = down(100, entered=False)
    assert evaluate.step(ENTERED, waiting, at(0), still, at(299.999))[1] is None
    assert evaluate.step(ENTERED, waiting, at(0), still, at(300))[1] is Notice.FIRING


def test_a_rule_on_warning_ends_when_the_service_is_healthy_and_goes_on_when_it_falls() -> None:
    rule = Rule(condition=Condition.STATE_ENTERED, states=frozenset({S.WARNING}))
    warned = Situation(state=S.WARNING, not_serving_since=None, entered=True)
    episode, _ = evaluate.step(rule, None, None, warned, at(0))
    fallen, _ = evaluate.step(rule, episode, None, down(5), at(5))
    assert fallen is not None and fallen.phase is Phase.FIRING
    over, notice = evaluate.step(rule, fallen, None, UP, at(9))
    assert over is not None and over.ending is Ending.RECOVERED and notice is Notice.RESOLVED


def test_an_acknowledged_episode_stays_so_and_its_recovery_is_told() -> None:
    taken = Episode(phase=Phase.ACKNOWLEDGED, opened_at=at(0), due_at=at(0), fired_at=at(0))
    assert evaluate.step(ENTERED, taken, None, down(0), at(10)) == (taken, None)
    assert evaluate.step(ENTERED, taken, None, UP, at(20))[1] is Notice.RESOLVED


FIRING = Episode(phase=Phase.FIRING, opened_at=at(0), due_at=at(0), fired_at=at(0))
REST = Situation(state=S.DISCONNECTED, not_serving_since=None)
NEEDS = Rule(condition=Condition.NEEDS_SIGN_IN, hold=timedelta(seconds=15))
LOCKED = replace(down(0, S.UNREACHABLE), sign_in=True)


@pytest.mark.parametrize(
    ("now_is", "ending"),
    [
        (UP, Ending.RECOVERED),
        (replace(REST, removed=True), Ending.REMOVED),
        (replace(REST, removed=True, archived=True), Ending.ARCHIVED),
        (replace(REST, stopped=True), Ending.STOPPED),
        (LOCKED, Ending.SIGN_IN),
    ],
)
def test_whoever_was_told_of_the_trouble_is_told_of_its_end_however_it_comes(
    now_is: Situation, ending: Ending
) -> None:
    over, notice = evaluate.step(ENTERED, FIRING, None, now_is, at(20))
    assert over is not None and over.ending is ending and notice is Notice.RESOLVED


@pytest.mark.parametrize("ending", [Ending.RULE_OFF, Ending.RULE_CHANGED, Ending.RULE_DELETED])
def test_the_end_of_a_rule_is_told_too_but_not_of_what_never_fired(ending: Ending) -> None:
    assert evaluate.end(ENTERED, FIRING, ending)[1] is Notice.RESOLVED
    pending = replace(FIRING, phase=Phase.PENDING, fired_at=None)
    assert evaluate.end(ENTERED, pending, ending)[1] is None


def test_a_restart_neither_ends_what_was_told_nor_lets_fire_what_was_not() -> None:
    assert evaluate.step(ENTERED, FIRING, None, REST, at(20)) == (FIRING, None)
    pending = replace(FIRING, phase=Phase.PENDING, fired_at=None)
    over, notice = evaluate.step(HELD, pending, None, REST, at(20))
    assert over is not None and over.ending is Ending.RESTARTED and notice is None


def test_what_is_over_before_its_time_raises_nothing_and_what_lasts_fires_then() -> None:
    waiting, notice = evaluate.step(HELD, None, None, down(0), at(0))
    assert waiting is not None and notice is None and waiting.due_at == at(15)
    over, notice = evaluate.step(HELD, waiting, None, UP, at(1))
    assert over is not None and over.fired_at is None and notice is None
    assert evaluate.step(HELD, waiting, None, down(0, entered=False), at(15))[1] is Notice.FIRING


def test_what_a_person_asked_for_raises_nothing_unless_it_fails_for_a_while() -> None:
    waiting, notice = evaluate.step(ENTERED, None, None, replace(down(0), asked=True), at(0))
    assert waiting is not None and notice is None and waiting.due_at == at(15)
    assert evaluate.step(ENTERED, waiting, None, UP, at(1))[1] is None
    assert evaluate.step(ENTERED, waiting, None, down(0, entered=False), at(15))[1] is Notice.FIRING


@pytest.mark.parametrize("rule", [ENTERED, HELD, LASTING])
def test_a_service_that_needs_sign_in_is_no_outage(rule: Rule) -> None:
    assert evaluate.step(rule, None, None, LOCKED, at(0)) == (None, None)
    waiting, _ = evaluate.step(replace(rule, hold=timedelta(seconds=60)), None, None, down(0), at(0))
    over, notice = evaluate.step(rule, waiting, None, LOCKED, at(99))
    assert over is not None and over.ending is Ending.SIGN_IN and notice is None


def test_a_rule_for_it_tells_of_a_missing_sign_in_and_of_nothing_else() -> None:
    assert evaluate.step(NEEDS, None, None, down(0), at(0)) == (None, None)
    waiting, _ = evaluate.step(NEEDS, None, None, LOCKED, at(0))
    fired, notice = evaluate.step(NEEDS, waiting, None, replace(LOCKED, entered=False), at(15))
    assert notice is Notice.FIRING
    assert evaluate.step(NEEDS, fired, None, UP, at(20))[1] is Notice.RESOLVED
    over, notice = evaluate.step(NEEDS, waiting, None, down(0), at(9))
    assert over is not None and over.phase is Phase.RESOLVED and notice is None


class Play:
    """One service, driven at random, with a rule watching as the worker would: on change and each second."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.now = rule, NOON
        self.snap, _ = moves.register(True, NOON)
        self.stopped = False
        self.episode: Episode | None = None
        self.fired: list[datetime] = []
        self.notices: list[tuple[Notice, Situation]] = []
        self.look(entered=True)

    def do(self, state_write: str) -> None:
        refused = Fault(kind=Kind.REFUSED, message="refused")
        auth = Fault(kind=Kind.AUTH, message="not authorised")
        snap, now, policy = self.snap, self.now, Policy(give_up_after=timedelta(seconds=400))
        change = None
        try:
            match state_write:
                case "connect" if snap.state in CONNECTING:
                    self.snap, change = moves.on_connected(snap, now)
                case "fail" if snap.state in CONNECTING:
                    self.snap, change = moves.on_connect_failed(snap, refused, policy, now, 0.5)
                case "incurable" if snap.state in CONNECTING:
                    self.snap, change = moves.on_connect_failed(snap, auth, policy, now, 0.5)
                case "lose" if snap.state in SERVING:
                    self.snap, change = moves.on_connect_failed(snap, refused, policy, now, 0.5)
                case "stop":
                    self.snap, change = moves.stop(snap, now, "stopped by ann")
                    self.stopped = True
                case "restart":
                    self.snap, change = moves.stop(snap, now, "restarted by ann")
                case "close":
                    self.snap, change = moves.closed(snap, now)
                case "start":
                    self.snap, change = moves.start(snap, now, "started by ann")
                    self.stopped = False
                case "reconnect":
                    self.snap, change = moves.reconnect(snap, now, "asked by ann")
                    self.stopped = False
        except IllegalMoveError:
            return
        if change is not None:
            self.look(entered=True, asked=change.asked)

    def look(self, *, entered: bool = False, asked: bool = False) -> None:
        snap = self.snap
        here = Situation(
            state=snap.state,
            not_serving_since=snap.not_serving_since,
            entered=entered,
            asked=asked,
            sign_in=snap.state in CONNECTING and snap.fault is not None and snap.fault.kind is Kind.AUTH,
            stopped=self.stopped,
        )
        last = self.fired[-1] if self.fired else None
        self.episode, notice = evaluate.step(self.rule, self.episode, last, here, self.now)
        if notice is not None:
            self.notices.append((notice, here))
        if notice is Notice.FIRING:
            self.fired.append(self.now)
        if self.episode is not None and self.episode.phase is Phase.RESOLVED:
            self.episode = None

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            self.look()


COURSES = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 90)), max_size=25)


def played(rule: Rule, course: list[tuple[str, int]]) -> Play:
    play = Play(rule)
    for state_write, seconds in course:
        play.do(state_write)
        play.wait(seconds)
    return play


RULES = st.sampled_from([ENTERED, HELD, LASTING])


@settings(deadline=None)
@given(RULES, COURSES)
def test_beginnings_and_ends_alternate_and_the_cooldown_lies_between(
    rule: Rule, course: list[tuple[str, int]]
) -> None:
    play = played(rule, course)
    kinds = [notice for notice, _ in play.notices]
    assert kinds[:1] in ([], [Notice.FIRING])
    assert all(a is not b for a, b in itertools.pairwise(kinds))
    assert all(b - a >= COOLDOWN for a, b in zip(play.fired, play.fired[1:], strict=False))


@settings(deadline=None)
@given(RULES, COURSES)
def test_no_outage_is_told_of_a_service_that_serves_rests_restarts_or_needs_sign_in(
    rule: Rule, course: list[tuple[str, int]]
) -> None:
    for notice, here in played(rule, course).notices:
        fine = here.serving or here.stopped or here.sign_in
        assert fine == (notice is Notice.RESOLVED)
        assert not here.between


@settings(deadline=None)
@given(COURSES)
def test_a_service_down_past_hold_and_cooldown_has_fired(course: list[tuple[str, int]]) -> None:
    play = played(LASTING, course)
    since = play.snap.not_serving_since
    due = None if since is None else since + LASTING.hold
    recent = [moment for moment in play.fired if moment + COOLDOWN > play.now]
    locked = play.snap.fault is not None and play.snap.fault.kind is Kind.AUTH
    if due is not None and due <= play.now and not recent and not (locked or play.stopped):
        assert play.episode is not None and play.episode.phase is Phase.FIRING
