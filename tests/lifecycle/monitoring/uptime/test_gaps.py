"""Gaps: no worker, a worker that stood still, checks that proved nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from lifecycle.core.health.verdict import Level
from lifecycle.core.machine.states import State
from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.maintenance import retention
from lifecycle.engine.recording import snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.engine.recording.record import Recorder, StateWrite
from lifecycle.models import MonitoringGap, ServiceState, WorkerSeen
from lifecycle.monitoring.uptime import gaps
from registry.models import Service
from tests.support.pasts import NOW, alive, make_service, move

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MINUTE = timedelta(minutes=1)


def told() -> list[tuple[Any, ...]]:
    fields = ("service__name", "began_at", "ended_at", "cause")
    return list(MonitoringGap.objects.order_by("id").values_list(*fields))


def test_a_worker_notes_since_when_none_looked() -> None:
    retention.started("first", "h", 1, NOW)
    assert told() == []
    retention.seen("first", 1, 0, NOW + MINUTE)
    retention.started("second", "h", 2, NOW + 31 * MINUTE)
    assert told() == [(None, NOW + MINUTE, NOW + 31 * MINUTE, "worker")]


def test_it_does_so_even_for_one_that_was_gone_for_weeks() -> None:
    alive(NOW - timedelta(days=30))
    retention.started("second", "h", 2, NOW)
    assert told() == [(None, NOW - timedelta(days=30), NOW, "worker")]


def test_where_another_worker_lives_nothing_was_missed() -> None:
    alive(NOW - timedelta(seconds=3))
    retention.started("second", "h", 2, NOW)
    assert len(told()) == (connection.vendor == "sqlite"), "SQLite has room for one: that one is dead"


def test_a_clock_that_was_set_back_makes_no_gap() -> None:
    alive(NOW + MINUTE)
    retention.started("second", "h", 2, NOW)
    assert told() == []


def test_a_worker_that_stood_still_notes_it_by_a_clock_that_nobody_can_set() -> None:
    alive(NOW)
    passed = [0.0]
    signs = gaps.Signs("w", lambda: passed[0])
    for seconds in (5, 10, 15):
        passed[0] = seconds
        signs.look(NOW + timedelta(days=seconds))
    assert told() == []
    passed[0] += 3600
    signs.look(NOW)
    assert told() == [(None, NOW - timedelta(hours=1), NOW, "asleep")]
    signs.look(NOW)
    assert len(told()) == 1


def test_one_of_two_workers_that_stood_still_missed_nothing() -> None:
    retention.started("mine", "h", 1, NOW - MINUTE)
    alive(NOW)
    passed = [0.0]
    signs = gaps.Signs("mine", lambda: passed[0])
    passed[0] = 60.0
    MonitoringGap.objects.all().delete()
    signs.look(NOW)
    assert len(told()) == (connection.vendor == "sqlite")


class Records:
    """Writes as the engine does, without its thread."""

    def __init__(self, *services: Service) -> None:
        self.held = [self._held(service) for service in services]

    @staticmethod
    def _held(service: Service) -> Held:
        row = ServiceState.objects.get(service=service)
        return Held(service.pk, service.name, snapshots.read(row), row.version)

    def write(self, unsure: str, minutes: int) -> None:
        recorder = Recorder(None, "w", lambda moves: None, Fence())  # type: ignore[arg-type]
        writes = []
        for held in self.held:
            level = Level.UNKNOWN if unsure else Level.HEALTHY
            held.snapshot = replace(held.snapshot, unsure=unsure, last_level=level)
            writes.append(StateWrite(held, held.snapshot, None, NOW + minutes * MINUTE))
        assert all(recorder._update(writes))


def test_checks_that_prove_nothing_are_a_gap_from_the_first_to_the_next_that_proves_something() -> None:
    services = [make_service("a"), make_service("b")]
    for service in services:
        move(service, State.HEALTHY, NOW)
    records = Records(*services)
    for unsure, minutes in (("", 1), ("network", 2), ("clock", 3), ("", 4), ("", 5)):
        records.write(unsure, minutes)
    assert told() == [(name, NOW + 2 * MINUTE, NOW + 4 * MINUTE, "network") for name in "ab"]


def test_a_worker_that_takes_over_ends_what_another_began() -> None:
    service = make_service("a")
    move(service, State.HEALTHY, NOW)
    Records(service).write("network", 1)
    assert told() == [("a", NOW + MINUTE, None, "network")]
    Records(service).write("network", 2)
    assert len(told()) == 1
    Records(service).write("", 3)
    assert told() == [("a", NOW + MINUTE, NOW + 3 * MINUTE, "network")]


def test_a_write_that_lost_opens_no_gap() -> None:
    service = make_service("a")
    move(service, State.HEALTHY, NOW)
    records = Records(service)
    ServiceState.objects.update(version=7)
    with pytest.raises(AssertionError):
        records.write("network", 1)
    assert told() == []


def test_the_sign_of_life_stays_what_it_was() -> None:
    retention.started("w", "h", 1, NOW)
    assert WorkerSeen.objects.get().seen_at == NOW
