"""What holds for every course of events, played through the real machine."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core import alerting, machine
from lifecycle.core.alerting import Condition, Ending, Episode, Notice, Phase, Rule, Scope, Situation
from lifecycle.core.health import Fault, Kind
from lifecycle.core.policy import Policy
from lifecycle.core.states import CONNECTING, SERVING, IllegalMoveError, State

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
S = State
COOLDOWN = timedelta(seconds=300)
ENTERED = Rule(
    condition=Condition.STATE_ENTERED, states=frozenset({S.RECONNECTING, S.UNREACHABLE}), cooldown=COOLDOWN
)
LASTING = Rule(condition=Condition.NOT_SERVING_FOR, hold=timedelta(seconds=60), cooldown=COOLDOWN)
DEEDS = ("connect", "fail", "incurable", "lose", "stop", "close", "start", "reconnect", "wait")


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
    episode, notice = alerting.step(ENTERED, None, None, down(0), at(0))
    assert episode is not None and episode.phase is Phase.FIRING and notice is Notice.FIRING


def test_a_state_entered_before_the_rule_was_there_does_not_count() -> None:
    assert alerting.step(ENTERED, None, None, down(0, entered=False), at(9)) == (None, None)


def test_the_cooldown_ends_to_the_second() -> None:
    waiting, _ = alerting.step(ENTERED, None, at(0), down(100), at(100))
    assert waiting is not None and waiting.due_at == at(300)
    still = down(100, entered=False)
    assert alerting.step(ENTERED, waiting, at(0), still, at(299.999))[1] is None
    assert alerting.step(ENTERED, waiting, at(0), still, at(300))[1] is Notice.FIRING


def test_a_rule_on_warning_ends_when_the_service_is_healthy_and_goes_on_when_it_falls() -> None:
    rule = Rule(condition=Condition.STATE_ENTERED, states=frozenset({S.WARNING}))
    warned = Situation(state=S.WARNING, not_serving_since=None, entered=True)
    episode, _ = alerting.step(rule, None, None, warned, at(0))
    fallen, _ = alerting.step(rule, episode, None, down(5), at(5))
    assert fallen is not None and fallen.phase is Phase.FIRING
    over, notice = alerting.step(rule, fallen, None, UP, at(9))
    assert over is not None and over.ending is Ending.RECOVERED and notice is Notice.RESOLVED


def test_an_acknowledged_episode_stays_so_and_its_recovery_is_told() -> None:
    taken = Episode(phase=Phase.ACKNOWLEDGED, opened_at=at(0), due_at=at(0), fired_at=at(0))
    assert alerting.step(ENTERED, taken, None, down(0), at(10)) == (taken, None)
    assert alerting.step(ENTERED, taken, None, UP, at(20))[1] is Notice.RESOLVED


def test_a_removed_service_ends_in_silence() -> None:
    firing = Episode(phase=Phase.FIRING, opened_at=at(0), due_at=at(0), fired_at=at(0))
    gone = Situation(state=S.DISCONNECTED, not_serving_since=None, removed=True)
    over, notice = alerting.step(ENTERED, firing, None, gone, at(20))
    assert over is not None and over.ending is Ending.REMOVED and notice is None


class Play:
    """One service, driven at random, with a rule watching as the worker would: on change and each second."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.now = rule, NOON
        self.snap, _ = machine.register(True, NOON)
        self.episode: Episode | None = None
        self.fired: list[datetime] = []
        self.notices: list[tuple[Notice, State]] = []
        self.look(entered=True)

    def do(self, deed: str) -> None:
        refused = Fault(kind=Kind.REFUSED, message="refused")
        auth = Fault(kind=Kind.AUTH, message="not authorised")
        snap, now, policy = self.snap, self.now, Policy(give_up_after=timedelta(seconds=400))
        change = None
        try:
            match deed:
                case "connect" if snap.state in CONNECTING:
                    self.snap, change = machine.on_connected(snap, now)
                case "fail" if snap.state in CONNECTING:
                    self.snap, change = machine.on_connect_failed(snap, refused, policy, now, 0.5)
                case "incurable" if snap.state in CONNECTING:
                    self.snap, change = machine.on_connect_failed(snap, auth, policy, now, 0.5)
                case "lose" if snap.state in SERVING:
                    self.snap, change = machine.on_connect_failed(snap, refused, policy, now, 0.5)
                case "stop":
                    self.snap, change = machine.stop(snap, now, "stopped by ann")
                case "close":
                    self.snap, change = machine.closed(snap, now)
                case "start":
                    self.snap, change = machine.start(snap, now, "started by ann")
                case "reconnect":
                    self.snap, change = machine.reconnect(snap, now, "asked by ann")
        except IllegalMoveError:
            return
        if change is not None:
            self.look(entered=True)

    def look(self, *, entered: bool = False) -> None:
        here = Situation(
            state=self.snap.state, not_serving_since=self.snap.not_serving_since, entered=entered
        )
        last = self.fired[-1] if self.fired else None
        self.episode, notice = alerting.step(self.rule, self.episode, last, here, self.now)
        if notice is not None:
            self.notices.append((notice, self.snap.state))
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
    for deed, seconds in course:
        play.do(deed)
        play.wait(seconds)
    return play


@given(st.sampled_from([ENTERED, LASTING]), COURSES)
def test_beginnings_and_ends_alternate_and_the_cooldown_lies_between(
    rule: Rule, course: list[tuple[str, int]]
) -> None:
    play = played(rule, course)
    kinds = [notice for notice, _ in play.notices]
    assert kinds[:1] in ([], [Notice.FIRING])
    # Two beginnings may follow each other (a stop ends in silence), two ends may not.
    assert all((a, b) != (Notice.RESOLVED, Notice.RESOLVED) for a, b in itertools.pairwise(kinds))
    assert all(b - a >= COOLDOWN for a, b in zip(play.fired, play.fired[1:], strict=False))


@given(st.sampled_from([ENTERED, LASTING]), COURSES)
def test_nothing_is_told_of_a_service_at_rest_and_no_end_but_on_recovery(
    rule: Rule, course: list[tuple[str, int]]
) -> None:
    for notice, state in played(rule, course).notices:
        assert (state in SERVING) == (notice is Notice.RESOLVED)
        assert state is not S.DISCONNECTING


@given(COURSES)
def test_a_service_down_past_hold_and_cooldown_has_fired(course: list[tuple[str, int]]) -> None:
    play = played(LASTING, course)
    since = play.snap.not_serving_since
    due = None if since is None else since + LASTING.hold
    recent = [moment for moment in play.fired if moment + COOLDOWN > play.now]
    if due is not None and due <= play.now and not recent:
        assert play.episode is not None and play.episode.phase is Phase.FIRING
