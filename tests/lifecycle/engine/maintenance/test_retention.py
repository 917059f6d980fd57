"""The sign of life, and forgetting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.maintenance import retention
from lifecycle.engine.maintenance.tasks import Maintenance
from lifecycle.models import FeedItem, ServiceState, WorkerSeen
from registry.models import RegistryHead, Service
from registry.removed import operations as removed_operations

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


def _service(name: str) -> Service:
    return Service.objects.create(name=name, transport="stdio", endpoint="x", created_at=NOW, updated_at=NOW)


def test_a_worker_introduces_itself_signs_and_says_goodbye() -> None:
    retention.started("old", "host", 1, NOW - timedelta(days=8))
    retention.started("w", "host", 2, NOW)
    retention.seen("w", 7, 0.25, NOW + timedelta(seconds=5))
    row = WorkerSeen.objects.get()
    assert (row.name, row.services, row.seen_at, row.stopped_at) == ("w", 7, NOW + timedelta(seconds=5), None)
    retention.stopped("w", NOW + timedelta(seconds=9))
    row.refresh_from_db()
    assert row.stopped_at == NOW + timedelta(seconds=9)
    retention.started("w", "host", 2, NOW + timedelta(seconds=20))
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
    assert retention.archive(NOW) == ["gave up"]
    assert set(Service.objects.exclude(archived_at=None).values_list("name", flat=True)) == {"gave up"}
    assert FeedItem.objects.filter(kind="list").count() == 1
    assert retention.archive(NOW) == []


def _name(work: Any) -> str:
    return str(getattr(work, "func", work).__qualname__)


@pytest.mark.parametrize("believed", [True, False], ids=["believed", "a clock that jumped"])
async def test_forgetting_goes_round_the_stored_values_too(believed: bool) -> None:
    asked: list[str] = []

    class Writer:
        async def do(self, work: Any, *args: Any) -> object:
            asked.append(_name(args[0] if args and callable(args[0]) else work))
            return () if asked[-1] == "unused" else asked == ["Trust.look"] and believed

    context = SimpleNamespace(writer=Writer(), fence=Fence(), clock=lambda: NOW)
    owners = SimpleNamespace(ids=lambda: [])
    maintenance = Maintenance(
        "w", cast(Any, context), cast(Any, owners), cast(Any, None), lambda now: 0, asyncio.Event()
    )
    await maintenance._prune()
    forgotten = ["prune", "forget", "forget", "Pruning.step", "step", "Emptying.step", "unused"]
    assert asked == ["Trust.look", *([*forgotten, "forget", "Purging.step", "step"] if believed else [])]


def test_a_removed_service_outlives_a_clock_that_jumps_ahead_for_a_minute() -> None:
    service = _service("weather")
    Service.objects.filter(pk=service.pk).update(removed_at=NOW)
    RegistryHead.objects.get_or_create(pk=1)
    passed = [0.0]
    month, trust = timedelta(days=30), retention.Trust(lambda: passed[0])

    def prune(now: datetime) -> int:
        return removed_operations.forget(now) if trust.look(now) else 0

    assert prune(NOW) == 0
    passed[0] = 60
    assert prune(NOW + month) == 0
    passed[0] = 70
    again = retention.Trust(lambda: passed[0])
    assert not again.look(NOW + month), "a restart meanwhile changes nothing"
    assert prune(NOW + timedelta(seconds=70)) == 0
    assert removed_operations.removed(NOW).get() == service
    passed[0] = month.total_seconds()
    assert prune(NOW + month) == 1


def test_after_a_long_rest_a_restart_every_night_does_not_stop_the_deleting_for_good() -> None:
    service = _service("weather")
    Service.objects.filter(pk=service.pk).update(removed_at=NOW - timedelta(days=30))
    RegistryHead.objects.update_or_create(pk=1, defaults={"clock_seen_at": NOW - timedelta(days=3)})
    for begins in (0, 24):
        passed = [0.0]
        trust = retention.Trust(lambda passed=passed: passed[0])  # type: ignore[misc]
        for hour in range(23):
            passed[0] = hour * 3600.0
            believed = trust.look(NOW + timedelta(hours=begins + hour))
            assert believed is (begins + hour >= 26)
