"""Targets: simulated outages, and what must hold of every history."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.monitoring.expectations import slo
from lifecycle.core.monitoring.expectations.slo import (
    BUCKET,
    NOTHING,
    OUTAGE,
    PAIRS,
    WINDOWS,
    Objective,
    Tally,
)

GOALS = [0.9, 0.95, 0.99, 0.995, 0.999, 0.9999]
PROBE = 30
DAYS_3 = slo.LONGEST
START = 1_800_000_000 // BUCKET * BUCKET


Span = tuple[int, int]


@dataclass(frozen=True)
class History:
    """From second 0 to `end`: down in the outages, unknown while the worker was off, else it served."""

    outages: list[Span]
    end: int
    off: Span = (0, 0)

    def tally(self, first: int, last: int) -> Tally:
        """What a stretch was; each probe is seen where it was made."""
        bad = sum(overlap(span, (first, last)) for span in self.outages)
        known = last - first - overlap(self.off, (first, last))
        failed = sum(probes(min(last, e), max(first, b)) for b, e in self.outages if b < last and e > first)
        return Tally(known - bad, bad, 0.0, failed, bad)

    def windows(self, now: int) -> dict[int, Tally]:
        return {window: self.tally(max(now - window, 0), now) for window in WINDOWS}


def overlap(one: Span, other: Span) -> int:
    return max(min(one[1], other[1]) - max(one[0], other[0]), 0)


def probes(before: int, first: int) -> int:
    """How many of the probes, one each 30 s, fall into [first, before)."""
    return max(-(-before // PROBE) - -(-first // PROBE), 0)


def first_page(objective: Objective, past: History, begin: int, step: int = 5) -> int | None:
    """How many seconds after *begin* somebody would be paged."""
    for now in range(begin, past.end + 1, step):
        if slo.would_page(objective, past.windows(now)):
            return now - begin
    return None


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("lasts", [1, 29, 31, 59])
def test_one_blip_pages_nobody(goal: float, lasts: int) -> None:
    """Up to two failed probes of 30 s, whatever the target."""
    begin = 6 * 3600
    for phase in (0, 7, 29):
        past = History([(begin + phase, begin + phase + lasts)], begin + 3600)
        assert first_page(Objective(goal, 30), past, begin) is None


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("days", [7, 30])
@pytest.mark.parametrize("before", [3600, 2 * 86400])
def test_a_total_outage_pages_within_ninety_seconds_or_the_floor(goal: float, days: int, before: int) -> None:
    """The floor is the third failed probe, and 60 s."""
    for phase in (0, 1, 29):
        begin = before + phase
        past = History([(begin, begin + 400)], begin + 400)
        third = [at for at in range(begin, begin + 400) if at % PROBE == 0][2] + 1 - begin
        after = first_page(Objective(goal, days), past, begin, step=1)
        assert after is not None and 60 <= after <= max(90, third, 60), (phase, after)


def test_a_slow_burn_pages_by_its_long_window_alone() -> None:
    begin = 86400
    flapping = [(at, at + 60) for at in range(begin, begin + 86400, 3600)]  # 1.7 % of the time
    past = History(flapping, begin + 86400)
    objective = Objective(0.999, 30)
    pages = {slo.would_page(objective, past.windows(now)) for now in range(begin, begin + 86400, 61)}
    assert PAIRS[1] in pages and OUTAGE not in pages


def test_one_that_is_over_pages_nobody_any_more() -> None:
    begin = 86400
    past = History([(begin, begin + 600)], begin + 3600)
    assert slo.would_page(Objective(0.999, 30), past.windows(begin + 600)) == PAIRS[0]
    later = slo.would_page(Objective(0.999, 30), past.windows(begin + 3600))
    assert later not in (PAIRS[0], OUTAGE)


def test_a_worker_that_is_off_neither_burns_nor_refills() -> None:
    objective, begin = Objective(0.999, 30), 86400
    outage = [(begin, begin + 600)]
    on = History(outage, begin + 600)
    off = History(outage, begin + 4200, (begin + 600, begin + 4200))

    def left(past: History) -> float:
        return slo.budget(objective, past.tally(0, past.end), 1).left

    assert left(off) == left(on) == pytest.approx(43.2 * 60 - 600)
    for pair in PAIRS:
        at_the_end = slo.burn(objective, off.windows(begin + 4200)[pair.short])
        assert at_the_end is None or at_the_end > 0
    assert slo.would_page(objective, dict.fromkeys(WINDOWS, NOTHING)) is None


def test_the_words_of_the_requirement() -> None:
    objective = Objective(0.999, 30)
    left = slo.budget(objective, Tally(29 * 86400, 12 * 60), 1)
    assert (left.left // 60, left.total // 60) == (31, 43)
    # All checks of the last hour at 1 %: 31.2 minutes of budget last 52 hours.
    assert slo.gone_at(left, Tally(99, 1), 0) == pytest.approx(left.left * 100)
    assert slo.gone_at(left, Tally(100, 0), 0) is None and slo.gone_at(left, NOTHING, 0) is None


seconds_of = st.floats(0, 1e6, allow_nan=False)
tallies = st.builds(Tally, seconds_of, seconds_of, seconds_of, st.integers(0, 99), seconds_of)
objectives = st.builds(Objective, st.floats(0.5, 0.99999), st.sampled_from([7, 30]))


@given(objectives, tallies, st.integers(1, 2000), seconds_of)
def test_more_failures_never_leave_more(
    objective: Objective, tally: Tally, members: int, more: float
) -> None:
    worse = Tally(tally.good, tally.bad + more, tally.excluded)
    before, after = (slo.budget(objective, one, members) for one in (tally, worse))
    assert after.left <= before.left and after.total == before.total
    assert 0 <= after.share <= before.share <= 1


@given(objectives, tallies, st.integers(1, 50))
def test_services_that_fare_alike_have_the_budget_of_one(
    objective: Objective, tally: Tally, members: int
) -> None:
    many = Tally(tally.good * members, tally.bad * members, tally.excluded * members)
    one, all_ = slo.budget(objective, tally, 1), slo.budget(objective, many, members)
    assert [all_.total, all_.left] == pytest.approx([one.total, one.left])
    assert slo.burn(objective, many) == pytest.approx(slo.burn(objective, tally))


@given(objectives, st.lists(tallies, min_size=len(WINDOWS), max_size=len(WINDOWS)))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_nothing_below_the_floor_pages(objective: Objective, found: list[Tally]) -> None:
    low = [Tally(one.good, one.bad, 0.0, min(one.failed, 2), one.worst) for one in found]
    short = [Tally(one.good, one.bad, 0.0, one.failed, min(one.worst, 59.9)) for one in found]
    for windows in (low, short):
        assert slo.would_page(objective, dict(zip(WINDOWS, windows, strict=True))) is None


steps = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60), st.booleans()), min_size=1, max_size=12)


@given(steps, st.integers(0, 100 * BUCKET), st.integers(0, 100 * BUCKET))
@settings(max_examples=200)
def test_a_trail_holds_what_was_put_in_whatever_the_order(
    rounds: list[tuple[int, int, bool]], a: int, b: int
) -> None:
    """Buckets written again, in pieces, later: as if each had been written once."""
    plain: dict[int, Tally] = {}
    trail: slo.Trail = []
    end = START
    for again, more, served in rounds:
        first = max(end - again * BUCKET, START)
        end = max(end, first + more * BUCKET)
        fresh = {
            at: Tally(300.0, 0.0) if served else Tally(0.0, 300.0, 0.0, 10, 300.0)
            for at in range(first, end, BUCKET)
        }
        plain |= fresh
        trail = slo.extended(trail, fresh, START)
        trail = [(at, many, Tally(*tally)) for at, many, tally in json.loads(json.dumps(_plain(trail)))]
    assert {at + n * BUCKET: tally for at, many, tally in trail for n in range(many)} == plain
    start, stop = START + min(a, b), START + max(a, b)
    shares = {at: max(min(at + BUCKET, stop) - max(at, start), 0) / BUCKET for at in plain}
    expected = sum(tally.bad * shares[at] for at, tally in plain.items())
    assert slo.window(trail, start, stop, end).bad == pytest.approx(expected)


def _plain(trail: slo.Trail) -> list[list[object]]:
    return [[at, many, astuple(tally)] for at, many, tally in trail]


def test_a_trail_forgets_what_is_too_old_and_stays_short() -> None:
    trail: slo.Trail = []
    for n in range(2000):
        at = START + n * BUCKET
        trail = slo.extended(trail, {at: Tally(300.0)}, at - DAYS_3)
    assert len(trail) == 1 and trail[0][1] == DAYS_3 // BUCKET + 1


def test_the_bucket_that_is_under_way_counts_in_full() -> None:
    trail = slo.extended([], {START: Tally(300.0), START + 300: Tally(40.0, 60.0, 0.0, 3, 60.0)}, START)
    now = START + 400
    assert slo.window(trail, now - 300, now, now).bad == 60
    assert slo.window(trail, now - 300, now, now).good == pytest.approx(240)
