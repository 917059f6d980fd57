"""The evaluator run over recorded moves: what it fires, ends and puts off, without a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle.core.alerting.evaluate import Condition, Ending, Notice, Rule
from lifecycle.core.alerting.explain import replay
from lifecycle.core.alerting.explain.course import Moved, course
from lifecycle.core.machine.states import State as S

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def moved(seconds: float, after: S, event: str = "lost", **more: object) -> Moved:
    failed = after in (S.RECONNECTING, S.UNREACHABLE)
    return Moved(**{"at": at(seconds), "after": after, "event": event, "failed": failed, **more})  # type: ignore[arg-type]


def rule(**more: object) -> Rule:
    values: dict[str, object] = {
        "condition": Condition.STATE_ENTERED,
        "states": frozenset({S.RECONNECTING, S.UNREACHABLE}),
        "hold": timedelta(seconds=15),
    }
    return Rule(**{**values, **more})  # type: ignore[arg-type]


def told(which: Rule, moves: list[Moved], until: float = 10_000, **more: bool) -> list[tuple[float, str]]:
    steps = replay.run(which, course(moves), at(until), **more)  # type: ignore[arg-type]
    return [((step.at - NOON).total_seconds(), step.notice) for step in steps if step.notice]


def test_it_fires_when_the_hold_is_over_and_ends_when_it_serves_again() -> None:
    moves = [moved(10, S.RECONNECTING), moved(100, S.HEALTHY, "connected")]
    assert told(rule(), moves) == [(25, Notice.FIRING), (100, Notice.RESOLVED)]
    assert told(rule(), [moves[0], moved(24, S.HEALTHY, "connected")]) == []


def test_a_second_failure_within_the_cooldown_fires_at_its_end() -> None:
    moves = [moved(0, S.RECONNECTING), moved(30, S.HEALTHY), moved(60, S.RECONNECTING)]
    assert told(rule(), moves) == [(15, Notice.FIRING), (30, Notice.RESOLVED), (315, Notice.FIRING)]


def test_what_keeps_firing_ends_so_much_later_unless_it_fails_again() -> None:
    kept = rule(keep=timedelta(seconds=60), hold=timedelta(0))
    once = [moved(0, S.RECONNECTING), moved(10, S.HEALTHY)]
    assert told(kept, once) == [(0, Notice.FIRING), (70, Notice.RESOLVED)]
    twice = [*once, moved(50, S.RECONNECTING), moved(100, S.HEALTHY)]
    assert told(kept, twice) == [(0, Notice.FIRING), (160, Notice.RESOLVED)]


def test_a_dependency_in_doubt_puts_it_off_and_one_that_is_down_keeps_it_back() -> None:
    at_once, moves = rule(hold=timedelta(0)), [moved(0, S.RECONNECTING), moved(400, S.HEALTHY)]
    assert told(at_once, moves, depends=True)[0] == (10, Notice.FIRING)
    folded = course(moves, [(at(-5), at(200))])
    steps = [step for step in replay.run(at_once, folded, at(999)) if step.notice]
    assert next((step.at, step.notice) for step in steps) == (at(230), Notice.FIRING)


def test_a_stop_by_a_person_raises_nothing_and_a_restart_is_no_stop() -> None:
    down = rule(states=frozenset({S.INITIALIZING, S.DISCONNECTED}), hold=timedelta(0))
    stop = [moved(0, S.DISCONNECTING, "stop"), moved(1, S.DISCONNECTED, "closed")]
    assert told(down, stop) == []
    again = [*stop, moved(2, S.INITIALIZING, "start"), moved(60, S.HEALTHY, "connected")]
    assert told(down, again) == [(17, Notice.FIRING), (60, Notice.RESOLVED)]
    assert course(again)[0].here.between and course(stop)[0].here.stopped
    fired = [moved(0, S.UNREACHABLE), moved(30, S.DISCONNECTING, "stop")]
    ended = [step.after.ending for step in replay.run(rule(), course(fired), at(99)) if step.after.ending]
    assert ended == [Ending.STOPPED]


def test_giving_up_is_still_down_and_a_missing_sign_in_is_not() -> None:
    lasting = rule(condition=Condition.NOT_SERVING_FOR, hold=timedelta(seconds=100))
    moves = [moved(0, S.UNREACHABLE), moved(50, S.DISCONNECTED, "give-up", failed=True)]
    assert told(lasting, moves) == [(100, Notice.FIRING)]
    assert told(lasting, [moved(0, S.UNREACHABLE, sign_in=True)]) == []
    assert told(rule(condition=Condition.NEEDS_SIGN_IN), [moved(0, S.UNREACHABLE, sign_in=True)])
