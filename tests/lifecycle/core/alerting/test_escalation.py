"""When which step of an escalation comes, and which are left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lifecycle.core.alerting import escalation
from lifecycle.core.alerting.escalation import LATEST, Step

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def step(wait: int, *channels: int, repeat: int = 0) -> Step:
    return Step(wait=timedelta(seconds=wait), channels=channels, repeat=repeat)


def seconds(steps: list[Step], working: set[int]) -> list[tuple[int, tuple[int, ...]]]:
    found = escalation.plan(steps, working, NOON)
    return [(int((at - NOON).total_seconds()), turn.channels) for at, turn in found]


def test_each_step_comes_its_wait_after_what_came_before_and_is_repeated_as_far_apart() -> None:
    steps = [step(300, 1), step(600, 2, 3, repeat=2)]
    assert seconds(steps, {1, 2, 3}) == [(300, (1,)), (900, (2, 3)), (1500, (2, 3)), (2100, (2, 3))]


def test_a_step_without_a_working_channel_is_left_out_and_nobody_waits_for_it() -> None:
    steps = [step(300), step(300, 1), step(120, 2)]
    assert seconds(steps, {2}) == [(120, (2,))]
    assert seconds(steps, set()) == []


def test_a_row_is_read_as_it_was_written() -> None:
    assert Step.read({"wait": 60, "channels": [1, 2], "repeat": 3}) == step(60, 1, 2, repeat=3)
    assert Step.read({}) == step(0)


@pytest.mark.parametrize(("late", "past"), [(timedelta(0), False), (LATEST, False), (timedelta(61), True)])
def test_an_episode_of_two_months_ago_is_history(late: timedelta, past: bool) -> None:
    assert escalation.too_late(NOON, NOON + late) is past


def test_a_worker_that_has_just_started_looks_before_it_wakes_anybody() -> None:
    def waits(due: int, started: int, now: int) -> bool:
        at = [NOON + timedelta(seconds=second) for second in (due, started, now)]
        return escalation.still_looking(*at)

    assert waits(0, 10, 10) and waits(0, 10, 69)
    assert not waits(0, 10, 70)
    assert not waits(11, 10, 12), "it came up before its eyes"
    assert not escalation.still_looking(NOON, None, NOON)


steps_of_all_kinds = some.lists(
    some.builds(
        step, some.integers(0, 900), some.integers(1, 3), some.integers(4, 5), repeat=some.integers(0, 3)
    ),
    max_size=5,
)


@given(steps_of_all_kinds, some.sets(some.integers(1, 5)))
def test_the_turns_one_by_one_are_those_of_the_plan(steps: list[Step], working: set[int]) -> None:
    done, at, one_by_one = 0, NOON, []
    while (turn := escalation.following(steps, done, working)) is not None:
        at, done = at + turn.wait, turn.number
        one_by_one.append((at, turn))
    assert one_by_one == escalation.plan(steps, working, NOON)
    assert all(working & set(turn.channels) for _at, turn in one_by_one)
    assert len(one_by_one) == sum(step.repeat + 1 for step in steps if working & set(step.channels))
