"""The cursor sees every row once, also those that become visible late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.live import feed, fragments
from lifecycle.live.feed import Cursor, Item
from lifecycle.models import FeedItem

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_skipped_id_is_watched_for_a_minute() -> None:
    cursor = Cursor(5)
    cursor.advance([7, 9], NOW)
    assert set(cursor.holes) == {6, 8}
    cursor.advance([8], NOW)
    assert (set(cursor.holes), cursor.last) == ({6}, 9)
    cursor.advance([], NOW + feed.HOLE_WATCHED)
    assert not cursor.holes


def test_an_enormous_jump_is_not_taken_for_holes() -> None:
    cursor = Cursor(0)
    cursor.advance([10**12], NOW)
    assert (cursor.holes, cursor.last) == ({}, 10**12)


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 5), min_size=29, max_size=29))
def test_whatever_the_order_of_commits_each_row_is_seen_once(order: list[int], sizes: list[int]) -> None:
    cursor, visible, seen = Cursor(0), list[int](), list[int]()
    left = list(order)
    for size in sizes:
        visible, left = visible + left[:size], left[size:]
        found = [n for n in visible if n > cursor.last or n in cursor.holes]
        cursor.advance(sorted(found), NOW)
        seen += found
    assert sorted(seen) == list(range(1, 30))


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_once_and_pruned_after_an_hour() -> None:
    now = timezone.now()
    cursor = Cursor(feed.latest_id())
    feed.note(FeedItem.Kind.SERVICE, 3, now - timedelta(hours=2))
    feed.note(FeedItem.Kind.ALERT, 1, now - timedelta(hours=2))
    assert [(item.kind, item.ref) for item in cursor.read(now)] == [("service", 3), ("alert", 1)]
    assert cursor.read(now) == []
    last = feed.latest_id()
    assert feed.prune(now) == 1
    assert feed.latest_id() == last
    assert feed.since(last - 2, now) is None
    assert feed.since(last, now) == []


@pytest.mark.django_db(transaction=True)
def test_an_id_from_the_future_means_everything() -> None:
    feed.note(FeedItem.Kind.WORKER, 1, timezone.now())
    assert feed.since(feed.latest_id() + 100, timezone.now()) is None


def test_a_change_touches_the_fragments_of_its_row_alone() -> None:
    shown = fragments.known(["service-1", "service-11", "service-head-1", "count-all", "command-1"])
    assert fragments.touched([Item(9, "service", 1)], shown) == {"service-1", "service-head-1", "count-all"}
    assert fragments.touched([Item(9, "command", 1)], shown) == {"command-1"}
    assert fragments.touched([Item(9, "service", 0)], shown) == {
        "service-1",
        "service-11",
        "service-head-1",
        "count-all",
    }


def test_ids_that_no_fragment_has_are_not_subscribed() -> None:
    names: list[object] = [
        "service-0",
        "service-",
        "service-1x",
        "body",
        "",
        7,
        None,
        "service-head-²",
        "list ",
    ]
    assert fragments.known(names) == fragments.ALWAYS
    assert len(fragments.known(f"service-{n}" for n in range(1, 9999))) == 300 + len(fragments.ALWAYS)
