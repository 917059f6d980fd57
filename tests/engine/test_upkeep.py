"""The sign of life, and forgetting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lifecycle.engine import upkeep
from lifecycle.engine.chores import Chores
from lifecycle.engine.fence import Fence
from lifecycle.models import CheckResult, FeedItem, ServiceState, WorkerSeen
from registry.models import Service

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


def _service(name: str) -> Service:
    return Service.objects.create(name=name, transport="stdio", endpoint="x", created_at=NOW, updated_at=NOW)


def _check(service: Service, age: timedelta) -> None:
    at = int((NOW - age).timestamp() * 1000)
    CheckResult.objects.create(service=service, at=at, level=0, ms=1)


def test_old_checks_and_feed_rows_go_and_young_ones_stay() -> None:
    service = _service("a")
    for hours in (1, 47, 49, 100):
        _check(service, timedelta(hours=hours))
        FeedItem.objects.create(kind="list", at=NOW - timedelta(hours=hours, minutes=1))
    FeedItem.objects.create(kind="list", at=NOW)
    assert upkeep.Pruning().step([service.pk], NOW) == 2 + 4
    assert CheckResult.objects.count() == 2
    assert FeedItem.objects.count() == 1


def test_each_service_has_its_turn_and_no_round_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "SERVICES_AT_ONCE", 2)
    services = [_service(f"s{n}") for n in range(5)]
    for service in services:
        _check(service, timedelta(hours=50))
    pruning, ids = upkeep.Pruning(), [service.pk for service in services]
    assert [pruning.step(ids, NOW) for _ in range(3)] == [2, 2, 1]
    _check(services[0], timedelta(hours=50))
    assert [pruning.step(ids, NOW) for _ in range(2)] == [0, 1]


def test_a_worker_introduces_itself_signs_and_says_goodbye() -> None:
    upkeep.started("old", "host", 1, NOW - timedelta(days=8))
    upkeep.started("w", "host", 2, NOW)
    upkeep.seen("w", 7, 0.25, NOW + timedelta(seconds=5))
    row = WorkerSeen.objects.get()
    assert (row.name, row.services, row.seen_at, row.stopped_at) == ("w", 7, NOW + timedelta(seconds=5), None)
    upkeep.stopped("w", NOW + timedelta(seconds=9))
    row.refresh_from_db()
    assert row.stopped_at == NOW + timedelta(seconds=9)
    upkeep.started("w", "host", 2, NOW + timedelta(seconds=20))
    row.refresh_from_db()
    assert row.stopped_at is None


def test_only_what_gave_up_over_a_week_ago_is_archived() -> None:
    week = timedelta(hours=168)

    def at_rest(name: str, age: timedelta, state: str = "DISCONNECTED", **fields: object) -> None:
        service = _service(name)
        values = {"updated_at": NOW - timedelta(days=30), **fields}
        Service.objects.filter(pk=service.pk).update(**values)
        ServiceState.objects.create(service=service, state=state, state_entered_at=NOW - age)

    at_rest("gave up", week + timedelta(seconds=1))
    at_rest("not yet", week)
    at_rest("stopped by a person", week * 3, desired="stopped")
    at_rest("still trying", week * 3, "UNREACHABLE")
    at_rest("restored lately", week * 3, updated_at=NOW - timedelta(days=1))
    assert upkeep.archive(NOW) == ["gave up"]
    assert set(Service.objects.exclude(archived_at=None).values_list("name", flat=True)) == {"gave up"}
    assert FeedItem.objects.filter(kind="list").count() == 1
    assert upkeep.archive(NOW) == []


async def test_forgetting_goes_round_the_stored_values_too() -> None:
    asked: list[str] = []

    class Writer:
        async def do(self, work: Any, *args: Any) -> int:
            asked.append(getattr(args[0] if args and callable(args[0]) else work, "__qualname__", ""))
            return 0

    shop = SimpleNamespace(writer=Writer(), fence=Fence(), clock=lambda: NOW)
    roster = SimpleNamespace(ids=lambda: [])
    chores = Chores("w", cast(Any, shop), cast(Any, roster), cast(Any, None), lambda now: 0, asyncio.Event())
    await chores._prune()
    assert asked == ["Pruning.step", "forget", "Purging.step"]
