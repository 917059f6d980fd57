"""Unusually slow: false alarms and detection on simulated days, and the rules at their edges."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.monitoring import sketch
from lifecycle.core.monitoring.expectations import slowness
from lifecycle.core.monitoring.expectations.slowness import DAYS, EMPTY, SLOT, SLOTS, Verdict

CHECKS = 10  # in 5 minutes


@dataclass(frozen=True)
class Rhythm:
    """A service that answers in *base* ms at night and up to twice as slowly at its busiest time."""

    base: float
    busy: float
    phase: int
    noise: float
    tail: float

    def answers(
        self, chance: random.Random, slot: int, factor: float = 1.0, many: int = CHECKS
    ) -> list[float]:
        wave = 0.5 * (1 + math.sin(2 * math.pi * (slot - self.phase) / SLOTS))
        middle = math.log(self.base * (1 + self.busy * wave) * factor)
        return [
            math.exp(chance.gauss(middle, self.noise)) * (6 if chance.random() < self.tail else 1)
            for _ in range(many)
        ]


def some_rhythm(chance: random.Random) -> Rhythm:
    return Rhythm(
        base=chance.choice([20, 80, 250, 600, 1500]),
        busy=chance.random(),
        phase=chance.randrange(SLOTS),
        noise=chance.choice([0.1, 0.2, 0.3]),
        tail=chance.choice([0, 0.02]),
    )


def learnt(chance: random.Random, rhythm: Rhythm, days: int = DAYS) -> bytes:
    profile = EMPTY
    for day in range(days):
        medians = {slot: median(rhythm.answers(chance, slot)) for slot in range(SLOTS)}
        profile = slowness.learn(profile, day, medians)
    return profile


def verdicts(profile: bytes, first: int, slots: list[list[float]], days: int = DAYS) -> list[Verdict]:
    """What is said at the end of each slot."""
    said = []
    for n in range(len(slots)):
        begin, length = slowness.place((first + n) % SLOTS)
        last = slots[max(n - 5, 0) : n + 1]
        window = median([ms for slot in slots[max(n - 2, 0) : n + 1] for ms in slot])
        part = profile[begin : begin + length]
        medians = [median(slot) for slot in last]
        said.append(slowness.judge(part, days, (n + 1) * SLOT, medians, window).verdict)
    return said


def test_a_rhythm_raises_no_false_alarm_and_its_doubling_is_found_in_twenty_minutes() -> None:
    """At most 0.01 alarms per service and week, 98 of 100 doublings; whenever within a slot they begin."""
    chance = random.Random(38)
    alarms = doublings = found = 0
    services = 14
    for _ in range(services):
        rhythm = some_rhythm(chance)
        profile = learnt(chance, rhythm)
        week = [rhythm.answers(chance, slot % SLOTS) for slot in range(7 * SLOTS)]
        alarms += verdicts(profile, 0, week).count(Verdict.SLOW)
        for _ in range(10):
            doublings += 1
            found += minutes_to_find(chance, rhythm, profile) <= 20
    assert alarms / services <= 0.01
    assert found / doublings >= 0.98, found / doublings


def minutes_to_find(chance: random.Random, rhythm: Rhythm, profile: bytes) -> float:
    """From the moment within a slot at which all answers take twice as long."""
    first, into = chance.randrange(SLOTS), chance.random()
    before = round(CHECKS * into)
    turning = rhythm.answers(chance, first + 3, many=before)
    turning += rhythm.answers(chance, first + 3, 2.0, CHECKS - before)
    slots = [rhythm.answers(chance, first + n) for n in range(3)]
    slots += [turning, *[rhythm.answers(chance, first + n, 2.0) for n in range(4, 12)]]
    said = verdicts(profile, first, slots)
    if Verdict.SLOW not in said:
        return math.inf
    return (said.index(Verdict.SLOW) + 1 - 3 - into) * SLOT / 60


def steady(ms: float = 100, days: int = DAYS) -> bytes:
    profile = EMPTY
    for day in range(days):
        profile = slowness.learn(profile, day, dict.fromkeys(range(SLOTS), ms))
    return profile


def part_of(profile: bytes, slot: int = 100) -> bytes:
    begin, length = slowness.place(slot)
    return profile[begin : begin + length]


@pytest.mark.parametrize(
    ("slots", "window", "verdict", "since"),
    [
        ([100, 100, 100], 100, Verdict.USUAL, None),
        ([100, 200, 200], 200, Verdict.ABOVE, 1),
        ([200, 200, 200], 200, Verdict.SLOW, 0),
        ([200, 200, 200], 149, Verdict.ABOVE, 0),
        ([200, 200, 100], 200, Verdict.USUAL, None),
        ([200, None, 200], 200, Verdict.SLOW, 0),
        ([None, 200, 200], 200, Verdict.ABOVE, 1),
        ([149, 149, 149], 149, Verdict.USUAL, None),
        ([200, 200, None], None, Verdict.NO_DATA, None),
    ],
)
def test_it_is_slow_when_each_of_fifteen_minutes_is_above_the_margin(
    slots: list[float | None], window: float | None, verdict: Verdict, since: int | None
) -> None:
    found = slowness.judge(part_of(steady()), DAYS, 3 * SLOT, slots, window)
    assert found.verdict is verdict
    assert found.since == (None if since is None else since * SLOT)


@pytest.mark.parametrize("days", range(slowness.LEARNING_DAYS + 1))
def test_with_less_than_a_week_it_learns(days: int) -> None:
    found = slowness.judge(part_of(steady(days=days)), days, 900, [900, 900, 900], 900)
    assert found.verdict is (Verdict.SLOW if days == slowness.LEARNING_DAYS else Verdict.LEARNING)


def test_the_margin_is_the_larger_of_both() -> None:
    calm, wild = slowness.Usual(100, 1), slowness.Usual(100, 30)
    assert (calm.margin, wild.margin) == (150, 220)


def test_slots_of_the_same_time_and_its_neighbours_count_around_midnight_too() -> None:
    profile = EMPTY
    for day in range(DAYS):
        profile = slowness.learn(profile, day, {287: 100, 0: 200, 1: 400, 2: 999})
    for slot, expected in ((0, 200), (287, None), (1, 400)):
        known = slowness.usual(part_of(profile, slot))
        assert known is not None
        if expected:
            assert known.median == pytest.approx(expected, rel=0.03)
    assert slowness.usual(part_of(profile, 200)) is None


def test_days_older_than_a_fortnight_are_forgotten() -> None:
    profile = steady(100)
    for day in range(DAYS, 2 * DAYS):
        profile = slowness.learn(profile, day, {})
    assert profile == EMPTY and slowness.days_learnt(steady(days=5)) == 5


@pytest.mark.parametrize("ms", [0.0, 0.4, 1, 7, 250, 9_999, 40_000, 10_000_000])
def test_times_are_kept_within_the_error_of_the_sketch(ms: float) -> None:
    known = slowness.usual(part_of(steady(ms)))
    assert known is not None and known.mad == 0
    if 1 <= ms <= 60_000:
        assert known.median == pytest.approx(ms, rel=0.025)
    assert known.median <= sketch.value(254)


@pytest.mark.parametrize(
    ("zone", "moment", "slot"),
    [
        ("UTC", datetime(2026, 3, 1, 0, 4, 59, tzinfo=UTC), 0),
        ("Europe/Berlin", datetime(2026, 3, 28, 8, 0, tzinfo=UTC), 108),
        ("Europe/Berlin", datetime(2026, 3, 30, 8, 0, tzinfo=UTC), 120),
        ("Asia/Kathmandu", datetime(2026, 3, 30, 18, 15, tzinfo=UTC), 0),
    ],
)
def test_slots_are_of_the_local_day(zone: str, moment: datetime, slot: int) -> None:
    assert slowness.slot_of(moment.timestamp(), ZoneInfo(zone)) == slot
