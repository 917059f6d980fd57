"""What several workers rely on, on a real PostgreSQL; run by `test_on_postgres` in a process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import RequestFactory
from django.utils import timezone

from lifecycle import notices, operations, reading, wakeup
from lifecycle.alerts import queue
from lifecycle.alerts.queue import Outcome
from lifecycle.core import machine
from lifecycle.core.health import Level
from lifecycle.core.tenure import HOUSE, LEASES, shard_of
from lifecycle.engine import leases, logbook, looking, routine, sampling, shop, upkeep
from lifecycle.engine.fence import FencedError, LeaseFence
from lifecycle.engine.logbook import Batch, Entry
from lifecycle.engine.recording import Held, Recorder
from lifecycle.engine.routine import Check
from lifecycle.engine.writer import Writer
from lifecycle.live import feed
from lifecycle.models import (
    Channel,
    CheckResult,
    Command,
    Delivery,
    DeliveryAttempt,
    FeedItem,
    LogPiece,
    ServiceState,
    StateChange,
    WorkerSeen,
)
from lifecycle.wakeup import Waker
from mcpstore_site import health
from registry import registration
from registry.models import Role, Service

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Pair:
    """Worker *a*, which holds everything, and *b*, which can take it all from *a*."""

    def __init__(self) -> None:
        leases.prepare()
        for name in "ab":
            upkeep.started(name, "host", 1, NOW)
            leases.renew(name)
        self.a, self.b = LeaseFence("a"), LeaseFence("b")
        self.a.hold(leases.take("a", range(LEASES)))
        self.writer = Writer()

    def take_over(self) -> dict[int, int]:
        """As after the silence of *a*, which still believes that it holds all."""
        WorkerSeen.objects.filter(name="a").update(lease_until=NOW - timedelta(days=9))
        taken = leases.take("b", range(LEASES))
        self.b.hold(taken)
        return taken

    def recorder(self, fence: LeaseFence) -> Recorder:
        return Recorder(self.writer, fence.worker, lambda *_: None, fence)


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.writer.close()


def make_service(name: str = "one") -> Service:
    document = {"mcpServers": {name: {"url": f"http://127.0.0.1:9/{name}"}}}
    registration.register(document, by="ann", role=Role.ADMIN, now=NOW)
    return Service.objects.get(name=name)


def registered(pair: Pair) -> Held:
    """A service that *a* holds, with its first row."""
    service = make_service()
    epoch = pair.a.epoch_of(service.pk)
    assert epoch is not None
    return asyncio.run(pair.recorder(pair.a).register(service.pk, service.name, True, NOW, epoch))


def stop(pair: Pair, fence: LeaseFence, held: Held) -> bool:
    step = machine.stop(held.snapshot, NOW, "asked")
    return asyncio.run(pair.recorder(fence).change(held, *step, NOW))


def test_every_lease_has_one_holder_and_only_the_dead_are_relieved(pair: Pair) -> None:
    assert leases.take("b", range(LEASES)) == {}
    assert set(pair.take_over()) == set(range(LEASES))
    assert leases.take("a", range(LEASES)) == {}
    view = leases.renew("b")
    assert set(view.holders.values()) == set(view.live) == {"b"}
    leases.give("b", [3, 4])
    leases.renew("a")
    assert leases.take("a", [3, 4, 5]) == {3: 3, 4: 3}


def test_after_a_takeover_the_former_worker_writes_no_state(pair: Pair) -> None:
    held = registered(pair)
    mine = replace(held, epoch=pair.take_over()[held.service_id])
    with pytest.raises(FencedError):
        stop(pair, pair.a, held)
    row = ServiceState.objects.get()
    assert (row.state, row.version, row.worker) == ("INITIALIZING", 1, "a")
    assert StateChange.objects.count() == 1
    assert stop(pair, pair.b, mine)
    assert list(StateChange.objects.values_list("worker", "epoch")) == [("a", 1), ("b", 2)]


def test_of_what_is_written_together_only_the_lost_lease_is_refused(pair: Pair) -> None:
    services = [make_service(name) for name in ("one", "two", "three")]
    recorder = pair.recorder(pair.a)

    async def registered() -> list[Held]:
        found = [recorder.register(one.pk, one.name, True, NOW, 1) for one in services]
        return list(await asyncio.gather(*found))

    first, second, third = asyncio.run(registered())
    leases.give("a", [shard_of(second.service_id)])
    leases.take("b", [shard_of(second.service_id)])

    async def stopped() -> list[bool | BaseException]:
        asked = [(held, *machine.stop(held.snapshot, NOW, "asked")) for held in (first, second, third)]
        block = asyncio.create_task(pair.writer.do(time.sleep, 0.2))
        found = await asyncio.gather(*(recorder.change(*one, NOW) for one in asked), return_exceptions=True)
        await block
        return found

    found = asyncio.run(stopped())
    assert [found[0], type(found[1]), found[2]] == [True, FencedError, True]
    states = dict(ServiceState.objects.values_list("service__name", "state"))
    assert states == {"one": "DISCONNECTING", "two": "INITIALIZING", "three": "DISCONNECTING"}
    assert StateChange.objects.filter(event="stop").count() == StateChange.objects.count() - 3 == 2
    assert [held.version for held in (first, second, third)] == [2, 1, 2]


def test_after_a_takeover_the_former_worker_writes_no_check(pair: Pair) -> None:
    held = registered(pair)
    held.snapshot = replace(held.snapshot, last_ping_at=NOW, last_level=Level.HEALTHY)
    check = Check(held, held.snapshot, Level.HEALTHY, NOW, 3)
    pair.take_over()
    routine.write([check], pair.a)
    assert (CheckResult.objects.count(), ServiceState.objects.get().version) == (0, 1)
    held.epoch = pair.b.epoch_of(held.service_id) or 0
    routine.write([check], pair.b)
    assert (CheckResult.objects.count(), ServiceState.objects.get().version) == (1, 2)


def test_after_a_takeover_the_former_worker_writes_no_log_and_no_sample(pair: Pair) -> None:
    service = make_service()
    pair.take_over()
    batch = Batch(entries=[Entry(service_id=service.pk, kind="output", text="hello")])
    sampling.write({service.pk: {"processes": 1}}, NOW, pair.a)
    logbook.write(batch, NOW, pair.a)
    assert LogPiece.objects.count() == 0
    logbook.write(batch, NOW, pair.b)
    assert LogPiece.objects.count() == 1


def test_a_command_goes_to_who_holds_the_shard_and_is_inherited_with_it(pair: Pair) -> None:
    service = make_service()
    command = operations.request("check", service.name, by="ann", now=NOW)
    assert looking.take_commands("b", NOW, pair.b) == []
    [taken] = looking.take_commands("a", NOW, pair.a)
    assert taken.pk == command.pk
    inherited = pair.take_over()
    assert looking.put_back_inherited(inherited, NOW) == 1
    [again] = looking.take_commands("b", NOW, pair.b)
    assert looking.put_back_inherited(inherited, NOW) == 0
    shop._finish(pair.a, taken, {}, "", NOW)
    command.refresh_from_db()
    assert (command.state, command.worker) == (Command.State.TAKEN, "b")
    shop._finish(pair.b, again, {}, "", NOW)
    command.refresh_from_db()
    assert (command.state, command.worker) == (Command.State.DONE, "b")


def test_what_only_one_may_do_is_done_by_one(pair: Pair) -> None:
    assert pair.a.as_house(lambda: 7) == 7
    assert pair.b.as_house(lambda: 7) is None
    pair.take_over()
    assert pair.a.house
    assert pair.a.as_house(lambda: 7) is None
    assert pair.b.as_house(lambda: 7) == 7


def test_a_takeover_waits_for_what_is_being_written(pair: Pair) -> None:
    WorkerSeen.objects.filter(name="a").update(lease_until=NOW - timedelta(days=9))
    with transaction.atomic():
        assert pair.a.standing([(5, 1)]) == {5}
        taken = in_a_thread(lambda: leases.take("b", [4, 5, HOUSE]))
        assert taken == {4: 2, HOUSE: 2}
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("5s",)
    assert leases.take("b", [5]) == {5: 2}


def in_a_thread(work: Any) -> Any:
    """With a database connection of its own."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


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
        while (delivery := queue.take(channel.pk, NOW)) is not None:
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
    while (delivery := queue.take(channel.pk, NOW)) is not None:
        claimed.append(delivery.pk)
    assert sorted(claimed) == sorted(made)


def test_a_deliverer_that_was_too_late_leaves_the_message_to_the_next() -> None:
    channel = make_channel()
    make_delivery(channel)
    failed = Outcome(ok=False, answer="no", took=timedelta(0), gone=True)
    first = queue.take(channel.pk, NOW)
    second = queue.take(channel.pk, NOW + queue.CLAIM)
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
        more = [event.pk for event in reading.events(after=found[-1] if found else -1, limit=50)]
        found.extend(more)
        return bool(more)

    with writers:
        while not writers.ended.is_set():
            look()
    while look():
        pass
    assert len(found) == len(set(found)) == WRITERS * TRANSACTIONS


def test_the_console_is_ready_when_living_workers_hold_everything(pair: Pair) -> None:
    WorkerSeen.objects.update(seen_at=timezone.now())
    answer = health.readyz(RequestFactory().get("/readyz"))
    assert answer.status_code == 200
    WorkerSeen.objects.filter(name="a").update(lease_until=NOW - timedelta(days=9))
    answer = health.readyz(RequestFactory().get("/readyz"))
    assert answer.status_code == 503
    assert json.loads(answer.content)["worker"] == "65 of 65 leases are held by none"
    pair.take_over()
    assert health.readyz(RequestFactory().get("/readyz")).status_code == 200


def test_a_change_wakes_who_waits_and_a_burst_is_told_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "BLIND_WAIT", 30)
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
