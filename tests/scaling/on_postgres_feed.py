"""Messages and the feed while many write, on a real PostgreSQL; run by `test_on_postgres` as well."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import connections, transaction

from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.live.feed import feed, notices, wake_up
from lifecycle.live.feed.wake_up import Waker
from lifecycle.models import Channel, Delivery, DeliveryAttempt, FeedItem, StateChange
from lifecycle.services import queries as service_queries
from tests.scaling.registered import NOW, make_service

ALONE = Pacing(wait=timedelta(0), interval=timedelta(0))
pytestmark = pytest.mark.django_db(transaction=True)


def make_delivery(channel: Channel) -> Delivery:
    later = NOW + timedelta(days=1)
    return Delivery.objects.create(
        channel=channel, kind="firing", payload={}, created_at=NOW, next_attempt_at=NOW, expires_at=later
    )


def make_channel() -> Channel:
    return Channel.objects.create(name="c", kind="console", created_at=NOW)


def test_two_deliverers_claim_each_message_once() -> None:
    channel = make_channel()
    made = {make_delivery(channel).pk for _ in range(60)}
    start = threading.Barrier(4)
    claimed: list[int] = []

    def deliver() -> None:
        start.wait(10)
        while (delivery := queue.take(channel.pk, NOW, ALONE)) is not None:
            claimed.append(delivery.pk)
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(claimed) <= made
    assert max(Counter(claimed).values()) == 1
    # Whoever lost all its twenty candidates to others stops and looks again a moment later.
    while (delivery := queue.take(channel.pk, NOW, ALONE)) is not None:
        claimed.append(delivery.pk)
    assert sorted(claimed) == sorted(made)


def test_a_deliverer_that_was_too_late_leaves_the_message_to_the_next() -> None:
    channel = make_channel()
    make_delivery(channel)
    failed = Outcome(ok=False, answer="no", took=timedelta(0), gone=True)
    first = queue.take(channel.pk, NOW, ALONE)
    second = queue.take(channel.pk, NOW + queue.CLAIM, ALONE)
    assert first is not None
    assert second is not None
    queue.settle(first, failed, NOW, 0.5)
    row = Delivery.objects.select_related("channel").get()
    assert (row.state, row.channel.enabled, DeliveryAttempt.objects.count()) == ("queued", True, 1)
    queue.settle(second, replace(failed, ok=True, gone=False), NOW, 0.5)
    assert Delivery.objects.get().state == "delivered"


WRITERS, TRANSACTIONS = 8, 120


class Writers:
    """Many that write into the feed and the history at once; some commit late."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.service = make_service()
        self.at_work = WRITERS
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        for number in range(WRITERS):
            threading.Thread(target=self._write, args=[random.Random(number)]).start()

    def __exit__(self, *_: object) -> None:
        assert self.ended.wait(60)

    def _write(self, chance: random.Random) -> None:
        for _ in range(TRANSACTIONS):
            with transaction.atomic():
                feed.note("service", 1, NOW)
                StateChange.objects.create(service=self.service, after="HEALTHY", event="e", at=NOW)
                time.sleep(chance.choice([0, 0, 0, 0.001, 0.02]))
                feed.note("service", 2, NOW)
        connections.close_all()
        with self._lock:
            self.at_work -= 1
        if not self.at_work:
            self.ended.set()


def test_the_feed_loses_nothing_and_repeats_nothing_while_many_write() -> None:
    writers, cursor, naive = Writers(), feed.Cursor(feed.place()), 0
    found: list[int] = []
    by_id: list[int] = []
    with writers:
        while not writers.ended.is_set():
            found += [item.id for item in cursor.read()]
            by_id += FeedItem.objects.filter(id__gt=naive).order_by("id").values_list("id", flat=True)
            naive = max([naive, *by_id[-1:]])
    found += [item.id for item in cursor.read()]
    by_id += FeedItem.objects.filter(id__gt=naive).values_list("id", flat=True)
    everything = list(FeedItem.objects.exclude(kind="list").order_by("id").values_list("id", flat=True))
    assert len(everything) == 2 * WRITERS * TRANSACTIONS
    assert sorted(found) == everything
    # This is what the transactions are for.
    assert len(set(by_id)) < len(everything)


def test_a_page_misses_nothing_from_its_place_on() -> None:
    before = feed.place()
    feed.note("service", 1, NOW)
    place = feed.place()
    late = threading.Event()
    written = threading.Event()

    def write() -> None:
        with transaction.atomic():
            feed.note("service", 2, NOW)
            written.set()
            late.wait(10)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    written.wait(10)
    feed.note("service", 3, NOW)
    after = feed.place()
    late.set()
    writer.join(10)
    refs = {origin: [item.ref for item in feed.since(origin, NOW) or []] for origin in (before, place, after)}
    assert refs[place] == [2, 3]
    assert 2 in refs[after]
    assert feed.since(after + 10_000, NOW) is None


def test_who_follows_the_events_by_id_misses_none_while_many_write() -> None:
    writers = Writers()
    found: list[int] = []

    def look() -> bool:
        more = [event.pk for event in service_queries.events(after=found[-1] if found else -1, limit=50)]
        found.extend(more)
        return bool(more)

    with writers:
        while not writers.ended.is_set():
            look()
    while look():
        pass
    assert len(found) == len(set(found)) == WRITERS * TRANSACTIONS


def test_a_change_wakes_who_waits_and_a_burst_is_told_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_up, "BLIND_WAIT", 30)
    feed.note("list", 0, NOW)
    waker = Waker()
    with psycopg.connect(**notices._address(), autocommit=True) as listener:
        listener.execute("LISTEN mcpstore")
        time.sleep(2 * notices.TOLD_EVERY)
        began = time.monotonic()
        threading.Thread(target=write_much, args=[began + 0.1]).start()
        waker.pause(30)
        assert time.monotonic() - began < 10
        told = sum(1 for _ in listener.notifies(timeout=2))
        assert 1 <= told <= BURST / notices.TOLD_EVERY + 1
    waker.close()
    assert FeedItem.objects.count() > 3 * told


BURST = 0.5


def write_much(begin: float) -> None:
    time.sleep(max(0.0, begin - time.monotonic()))
    while time.monotonic() < begin + BURST:
        feed.note("list", 0, NOW)
    connections.close_all()
