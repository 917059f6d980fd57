"""The cursor sees every row once; for several writers on PostgreSQL see `tests/scaling`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.live.feed.feed import Cursor, Item
from lifecycle.models import FeedItem


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_once_and_pruned_after_an_hour() -> None:
    now = timezone.now()
    cursor = Cursor(feed.place())
    feed.note(FeedItem.Kind.SERVICE, 3, now - timedelta(hours=2))
    feed.note(FeedItem.Kind.ALERT, 1, now - timedelta(hours=2))
    assert [(item.kind, item.ref) for item in cursor.read()] == [("service", 3), ("alert", 1)]
    assert cursor.read() == []
    last = feed.place()
    assert feed.prune(now) == 1
    assert feed.place() == last
    assert feed.since(last - 2, now) is None
    assert feed.since(last, now) == []


@pytest.mark.django_db(transaction=True)
def test_an_id_from_the_future_means_everything() -> None:
    feed.note(FeedItem.Kind.WORKER, 1, timezone.now())
    assert feed.since(feed.place() + 100, timezone.now()) is None


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
