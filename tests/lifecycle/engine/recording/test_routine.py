"""Routine checks, many at a time: none lost, none written over what somebody else wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.core.health.verdict import Fault, Kind, Level
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.machine.states import State
from lifecycle.engine.recording import routine, snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.engine.recording.routine import Check
from lifecycle.models import CheckResult, ServiceState
from registry.models import Service

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


def make_held(name: str) -> Held:
    service = Service.objects.create(name=name, transport="sse", created_at=NOW, updated_at=NOW)
    snap = Snapshot(state=State.HEALTHY, state_entered_at=NOW, healthy_since=NOW)
    ServiceState.objects.create(service=service, **snapshots.columns(snap))
    return Held(service.pk, name, snap, 1)


def checked(held: Held, seconds: int, fault: Fault | None = None) -> Check:
    at = NOW + timedelta(seconds=seconds)
    level = Level.UNHEALTHY if fault else Level.HEALTHY
    held.snapshot = replace(
        held.snapshot,
        last_ping_at=at,
        last_success_at=at,
        consecutive_successes=held.snapshot.consecutive_successes + 1,
        response_time=timedelta(milliseconds=3.25),
        last_level=level,
        fault=fault,
    )
    return Check(held, held.snapshot, level, at, None if fault else 3)


@pytest.mark.both_databases  # its driver counts the rows of many statements in its own way
def test_what_was_written_is_what_is_read() -> None:
    fault = Fault(kind=Kind.HTTP, message="HTTP 503; 'quoted' %s")
    held = [make_held("a"), make_held("b")]
    routine.write([checked(held[0], 1), checked(held[1], 1, fault), checked(held[0], 31)])
    for one in held:
        row = ServiceState.objects.get(pk=one.service_id)
        assert snapshots.read(row) == one.snapshot
        assert (row.version, one.version, one.stale) == (2, 2, False)
    found = CheckResult.objects.filter(service_id=held[0].service_id).order_by("at")
    first = int(NOW.timestamp() * 1000)
    assert list(found.values_list("at", "level", "ms")) == [(first + 1000, 0, 3), (first + 31_000, 0, 3)]


@pytest.mark.both_databases
def test_who_was_beaten_is_stale_and_the_others_are_not() -> None:
    first, beaten, last = (make_held(name) for name in "abc")
    ServiceState.objects.filter(pk=beaten.service_id).update(version=2, last_level="slow")
    routine.write([checked(one, 1) for one in (first, beaten, last)])
    assert [one.stale for one in (first, beaten, last)] == [False, True, False]
    assert [one.version for one in (first, beaten, last)] == [2, 1, 2]
    rows = ServiceState.objects.order_by("pk").values_list("version", "last_level")
    assert list(rows) == [(2, "healthy"), (2, "slow"), (2, "healthy")]
    assert CheckResult.objects.count() == 3


def test_two_checks_of_one_millisecond_are_no_error() -> None:
    held = make_held("a")
    routine.write([checked(held, 1)])
    routine.write([checked(held, 1)])
    assert (CheckResult.objects.count(), held.version, held.stale) == (1, 3, False)


def test_a_snapshot_that_was_overtaken_is_not_written() -> None:
    held = make_held("a")
    old = checked(held, 1)
    checked(held, 2)
    routine.write([old])
    assert (ServiceState.objects.get().version, held.version, held.stale) == (1, 1, False)


def test_what_a_check_seldom_changes_is_written_when_it_changes_and_when_it_changes_back() -> None:
    held = make_held("a")
    fault = Fault(kind=Kind.HTTP, message="HTTP 503")
    for seconds, found in enumerate([None, fault, None, None]):
        routine.write([checked(held, seconds, found)])
        assert snapshots.read(ServiceState.objects.get()) == held.snapshot


def test_each_column_of_a_check_is_either_usual_or_looked_at() -> None:
    held = make_held("a")
    other = replace(
        held.snapshot,
        healthy_since=None,
        consecutive_failures=1,
        last_failure_at=NOW,
        last_level=Level.SLOW,
        unsure="pause",
        fault=Fault(kind=Kind.HTTP, message="HTTP 503"),
        reconnect_attempts=1,
        long_cycles=1,
        restarts=1,
        restarts_since=NOW,
    )
    seldom = set(snapshots.ROUTINE) - set(snapshots.USUAL)
    now, then = snapshots.columns(held.snapshot), snapshots.columns(other)
    told = {"error_cause", "error_output"}  # parts of the fault
    assert {name for name in seldom if now[name] != then[name]} == seldom - told
    names = {"fault" if name.startswith("error_") else name for name in seldom}
    for name in names:
        changed = replace(held.snapshot, **{name: getattr(other, name)})
        assert not snapshots.differ_as_usual(held.snapshot, changed)


def test_a_row_that_was_read_again_is_written_whole_if_need_be() -> None:
    held = make_held("a")
    ServiceState.objects.update(version=5, last_level="slow", consecutive_failures=3)
    routine.write([checked(held, 1)])
    row = ServiceState.objects.get()
    held.read(snapshots.read(row), row.version)
    routine.write([replace_failures(held, 0)])
    assert snapshots.read(ServiceState.objects.get()) == held.snapshot


def replace_failures(held: Held, failures: int) -> Check:
    check = checked(held, 2)
    held.snapshot = replace(check.snapshot, consecutive_failures=failures)
    return replace(check, snapshot=held.snapshot)
