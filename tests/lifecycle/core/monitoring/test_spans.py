"""Windows are made up of stored rows without a gap and without a moment twice."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring.spans import COARSE_FIRST, DAY, HOUR, MINUTES, RAW, STEPS, Kept, Piece

T0 = 1_789_948_800
"""A midnight."""
moments = st.integers(T0 - 200 * DAY, T0 + 5 * DAY)


@st.composite
def stores(draw: st.DrawFn) -> Kept:
    """Finer rows are kept for less long; days are rolled up no further than hours."""
    now = draw(st.integers(T0, T0 + 5 * DAY))
    ages = sorted(draw(st.lists(st.integers(0, 300 * DAY), min_size=4, max_size=4)))
    hours = spans.floor(now - draw(st.integers(0, 30 * HOUR)), HOUR)
    days = spans.floor(hours - draw(st.integers(0, 2 * DAY)), DAY)
    since = {span: now - age for span, age in zip((RAW, MINUTES, HOUR, DAY), ages, strict=True)}
    # What is not rolled up yet is not deleted.
    since = {
        RAW: since[RAW],
        MINUTES: min(since[MINUTES], hours),
        HOUR: min(since[HOUR], days),
        DAY: since[DAY],
    }
    return Kept(since, draw(st.sampled_from([{HOUR: hours, DAY: days}, {HOUR: hours}, {}])))


@given(moments, moments, stores())
def test_a_window_is_covered_once(one: int, other: int, kept: Kept) -> None:
    start, end = min(one, other), max(one, other)
    pieces = spans.cover(start, end, kept)
    assert all(first.end == second.start for first, second in pairwise(pieces))
    assert all(piece.start < piece.end for piece in pieces)
    if pieces:
        assert start - DAY < pieces[0].start <= start and end - DAY < pieces[-1].end <= end
    for piece in pieces:
        if piece.span:
            assert piece.start % piece.span == 0 == piece.end % piece.span
            assert piece.span == MINUTES or piece.end <= kept.until[piece.span]


@given(moments, moments, moments, stores())
def test_windows_that_meet_still_meet(a: int, b: int, c: int, kept: Kept) -> None:
    first, second, third = sorted((a, b, c))
    ends = [
        (found[0].start, found[-1].end)
        for found in (spans.cover(first, second, kept), spans.cover(second, third, kept))
        if found
    ]
    if len(ends) == 2:
        assert ends[0][1] == ends[1][0]


def test_a_day_and_a_half_is_a_day_some_hours_and_what_is_left() -> None:
    kept = Kept({}, {HOUR: T0 + 30 * HOUR, DAY: T0 + DAY})
    assert spans.cover(T0 - 100, T0 + 36 * HOUR + 60, kept) == [
        Piece(T0 - 100, T0, RAW),
        Piece(T0, T0 + DAY, DAY),
        Piece(T0 + DAY, T0 + 30 * HOUR, HOUR),
        Piece(T0 + 30 * HOUR, T0 + 36 * HOUR, MINUTES),
        Piece(T0 + 36 * HOUR, T0 + 36 * HOUR + 60, RAW),
    ]


def test_where_checks_are_gone_a_window_begins_with_a_row() -> None:
    kept = Kept({RAW: T0}, {HOUR: T0, DAY: T0 - DAY})
    assert spans.cover(T0 - 1000, T0 - 100, kept) == [Piece(T0 - 1200, T0 - 300, MINUTES)]


@given(moments, st.integers(60, 800 * DAY), st.integers(50, 720), stores())
def test_a_chart_has_no_more_points_than_it_may(start: int, seconds: int, points: int, kept: Kept) -> None:
    step = spans.step_for(start, start + seconds, points, kept)
    if step != STEPS[-1]:
        assert len(range(spans.ceil(start, step), start + seconds, step)) <= points
    assert spans.span_of(step) == RAW or step % spans.span_of(step) == 0


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(HOUR, 60), (DAY, 300), (7 * DAY, 900), (30 * DAY, HOUR), (90 * DAY, 3 * HOUR), (730 * DAY, 2 * DAY)],
)
def test_the_usual_ranges(seconds: int, step: int) -> None:
    assert spans.step_for(T0, T0 + seconds, 720, Kept({}, {})) == step


def test_what_is_gone_is_not_chosen() -> None:
    kept = Kept({RAW: T0 - 2 * DAY, MINUTES: T0 - 14 * DAY, HOUR: T0 - 90 * DAY}, {})
    assert spans.step_for(T0 - 20 * DAY, T0 - 20 * DAY + HOUR, 720, kept) == HOUR
    assert spans.step_for(T0 - 100 * DAY, T0, 720, kept) == DAY


@given(stores(), st.sampled_from([MINUTES, HOUR, DAY]), st.integers(0, 500), st.integers(1, 60 * DAY))
def test_a_chart_reads_each_moment_once(kept: Kept, span: int, days: int, seconds: int) -> None:
    start = T0 - days * DAY
    pieces = spans.closed_and_open(start, start + seconds, span, kept)
    assert pieces[0].start == start and pieces[-1].end == start + seconds
    assert all(first.end == second.start for first, second in pairwise(pieces))
    assert all(piece.span in COARSE_FIRST and piece.span <= span for piece in pieces)
