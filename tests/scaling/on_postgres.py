"""What several workers rely on, on a real PostgreSQL; run by `test_on_postgres` in a process of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, connection, connections, transaction
from django.db.backends.signals import connection_created
from django.test import RequestFactory
from django.utils import timezone

from lifecycle.core.health.verdict import Level
from lifecycle.core.machine import moves
from lifecycle.core.timing.shares import HOUSE, LEASES, shard_of
from lifecycle.engine import context
from lifecycle.engine.leases import leases
from lifecycle.engine.leases.fence import FencedError, LeaseFence
from lifecycle.engine.maintenance import logbook, retention, sampling
from lifecycle.engine.maintenance.logbook import Batch, Entry
from lifecycle.engine.recording import connection as lines
from lifecycle.engine.recording import routine
from lifecycle.engine.recording.connection import let_no_freeze_hold_locks
from lifecycle.engine.recording.held import Held
from lifecycle.engine.recording.record import Recorder
from lifecycle.engine.recording.routine import Check
from lifecycle.engine.recording.writer import Writer
from lifecycle.engine.worker import desired_state
from lifecycle.models import (
    CheckResult,
    Command,
    LogPiece,
    ServiceState,
    StateChange,
    WorkerSeen,
)
from lifecycle.operations import commands as operation_commands
from mcpstore_site.answers import health
from registry.installation import planning
from registry.models import Role, Service
from registry.services import register
from tests.scaling.registered import NOW, make_service

pytestmark = pytest.mark.django_db(transaction=True)


class Pair:
    """Worker *a*, which holds everything, and *b*, which can take it all from *a*."""

    def __init__(self) -> None:
        leases.prepare()
        for name in "ab":
            retention.started(name, "host", 1, NOW)
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


def registered(pair: Pair) -> Held:
    """A service that *a* holds, with its first row."""
    service = make_service()
    epoch = pair.a.epoch_of(service.pk)
    assert epoch is not None
    return asyncio.run(pair.recorder(pair.a).register(service.pk, service.name, True, NOW, epoch))


def stop(pair: Pair, fence: LeaseFence, held: Held) -> bool:
    step = moves.stop(held.snapshot, NOW, "asked")
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
        asked = [(held, *moves.stop(held.snapshot, NOW, "asked")) for held in (first, second, third)]
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
    command = operation_commands.request("check", service.name, by="ann", now=NOW)
    assert desired_state.take_commands("b", NOW, pair.b) == []
    [taken] = desired_state.take_commands("a", NOW, pair.a)
    assert taken.pk == command.pk
    inherited = pair.take_over()
    assert desired_state.put_back_inherited(inherited, NOW) == 1
    [again] = desired_state.take_commands("b", NOW, pair.b)
    assert desired_state.put_back_inherited(inherited, NOW) == 0
    context._finish(pair.a, taken, {}, "", NOW)
    command.refresh_from_db()
    assert (command.state, command.worker) == (Command.State.TAKEN, "b")
    context._finish(pair.b, again, {}, "", NOW)
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


def test_a_worker_that_freezes_while_it_has_rows_locked_loses_them(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "FREEZES_AT_MOST", "300ms")
    connections.close_all()
    let_no_freeze_hold_locks()
    try:
        with pytest.raises(Error), transaction.atomic():
            locked = WorkerSeen.objects.filter(name="a")
            locked.update(place="frozen")
            assert in_a_thread(lambda: WorkerSeen.objects.filter(name="a").update(place="b")) == 1
            locked.get()
    finally:
        connection_created.disconnect(dispatch_uid="limit_freezes")
        connections.close_all()
    assert WorkerSeen.objects.get(name="a").place == "b"


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


def _estimated() -> tuple[float, int]:
    """How many services PostgreSQL expects on the list, and how many there are."""
    listed = Service.objects.listed()
    plan = json.loads(listed.explain(format="json"))
    return float(plan[0]["Plan"]["Plan Rows"]), listed.count()


def _without_knowledge() -> None:
    """As a restored database is, and one that has just been filled."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = 'registry_service'::regclass")
        cursor.execute("UPDATE pg_class SET reltuples = -1 WHERE oid = 'registry_service'::regclass")


def _as_no_worker() -> None:
    """A worker's connections give up transactions that rest for 5 s, and other tests have workers here."""
    connection_created.disconnect(dispatch_uid="limit_freezes")
    connections.close_all()


def test_after_an_import_of_many_it_knows_how_many_services_are_listed() -> None:
    _as_no_worker()
    _without_knowledge()
    entries = {f"s-{number}": {"url": f"http://127.0.0.1:9/{number}"} for number in range(600)}
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=NOW)
    expected, found = _estimated()
    assert (found, expected > 300) == (600, True), expected


def test_a_restored_database_is_analysed_when_the_worker_starts() -> None:
    _as_no_worker()
    entries = {f"s-{number}": {"url": f"http://127.0.0.1:9/{number}"} for number in range(600)}
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=NOW)
    _without_knowledge()
    assert _estimated()[0] < 10
    assert "registry_service" in planning.analyse_new()
    assert _estimated()[0] > 500
    assert "registry_service" not in planning.analyse_new()
