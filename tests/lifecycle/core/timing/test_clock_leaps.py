"""A clock that jumps ahead is not believed at once, and one that goes its way always."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.core.timing import clock_leaps
from tests.support.snapshots import NOW

DAY = 24 * 3600.0


def believed(*looks: tuple[float, float], seen: timedelta | None = timedelta(0)) -> list[bool]:
    """Each look is a time by the clock and the seconds that really passed."""
    watch = clock_leaps.begin(clock_leaps.Kept(seen=None if seen is None else NOW - seen), NOW, 0.0)
    found = [watch.believed]
    for clock, elapsed in looks:
        watch = clock_leaps.step(watch, NOW + timedelta(seconds=clock), elapsed)
        found.append(watch.believed)
    return found


def lives(*runs: tuple[float, float], seen: timedelta) -> list[float]:
    """For how many hours of each run, from a time by the clock to another, the clock was believed."""
    kept, found = clock_leaps.Kept(seen=NOW - seen), []
    for begins, ends in runs:
        watch, trusted = clock_leaps.begin(kept, NOW + timedelta(seconds=begins), 0.0), 0
        for passed in range(0, int(ends - begins), 60):
            watch = clock_leaps.step(watch, NOW + timedelta(seconds=begins + passed), float(passed))
            trusted += watch.believed
        doubt = watch.doubt
        kept = clock_leaps.Kept(seen=watch.seen)
        if doubt is not None:
            kept = clock_leaps.Kept(seen=watch.seen, doubted=doubt.now, waited=doubt.waited)
        found.append(trusted / 60)
    return found


def test_a_clock_30_days_ahead_for_70_s_is_never_believed() -> None:
    assert believed((60, 60), (30 * DAY + 90, 90), (30 * DAY + 160, 160), (190, 190)) == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_a_clock_that_stays_ahead_is_believed_after_a_day() -> None:
    ahead = 30 * DAY
    looks = [(ahead + passed, passed) for passed in (60, DAY, DAY + 59, DAY + 60)]
    assert believed(*looks) == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("looks", "seen"),
    [
        ([(7 * DAY, 7 * DAY)], timedelta(0)),
        ([(-30 * DAY, 60), (60 - 30 * DAY, 120)], timedelta(0)),
        ([(3000, 60)], timedelta(0)),
        ([(60, 60)], timedelta(hours=23)),
        ([(60, 60)], None),
    ],
    ids=["a week", "set back", "set a little", "off overnight", "first start"],
)
def test_what_happens_every_day_is_believed(looks: list[tuple[float, float]], seen: timedelta | None) -> None:
    assert all(believed(*looks, seen=seen))


def test_a_restart_while_the_clock_is_wrong_believes_no_sooner() -> None:
    assert believed((60, 60), (DAY - 1, DAY - 1), (DAY, DAY), seen=timedelta(days=30)) == [
        False,
        False,
        False,
        True,
    ]
    assert believed((-30 * DAY + 120, 60), seen=timedelta(days=30)) == [False, True]


def test_after_a_long_rest_nightly_restarts_stop_the_deleting_for_a_day_and_not_for_good() -> None:
    nights = [(day * DAY + 300, (day + 1) * DAY) for day in range(30)]
    first, second, *others = lives(*nights, seen=timedelta(days=3))
    assert (first, 23.8 < second < 24) == (0, True)
    assert all(hours > 23.9 for hours in others)


def test_what_runs_for_eight_hours_a_week_deletes_now_and_then() -> None:
    weeks = [(week * 7 * DAY, week * 7 * DAY + DAY / 3) for week in range(8)]
    assert [hours > 0 for hours in lives(*weeks, seen=timedelta(days=3))] == [False, False, False, True] * 2


@pytest.mark.parametrize("jump", [30 * DAY, -60 * DAY + 90000], ids=["ahead", "back"])
def test_a_clock_that_is_wrong_for_70_s_is_not_believed_however_long_another_doubt_had_lasted(
    jump: float,
) -> None:
    almost, wrong, right = (0, DAY - 60), (DAY + jump, DAY + jump + 70), (DAY + 120, DAY + 180)
    assert lives(almost, wrong, right, seen=timedelta(days=60)) == [0, 0, 0]
    ahead = [(DAY - 60, DAY - 60), (DAY + jump, DAY), (DAY + jump + 60, DAY + 60), (DAY + 120, DAY + 120)]
    assert not any(believed(*ahead, seen=timedelta(days=60)))
