"""Hosts and process trees: sampled, rolled up, read as series, forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle.core.monitoring.options import DEFAULTS
from lifecycle.models import HostRollup, HostSample, ProcessRollup
from lifecycle.monitoring.hosts import queries, reading, sampling
from lifecycle.monitoring.hosts.reading import Memory, Reading
from lifecycle.monitoring.usage import pruning
from tests.support.pages import make_service, make_worker

NOW = datetime(2026, 11, 29, 7, 24, 33, tzinfo=UTC)
MB = 1_000_000


def read_at(clock: float, cpu: float, sent: int = 0, received: int = 0) -> Reading:
    held = Memory(used=600 * MB, total=1000 * MB)
    return Reading(
        clock=clock,
        cpu_seconds=cpu,
        cores=2.0,
        memory=held,
        disk_used=95 * MB,
        disk_total=100 * MB,
        sent=sent,
        received=received,
    )


def test_cpu_and_network_are_differences_of_two_readings() -> None:
    first = sampling.columns(None, read_at(100, 50))
    assert (first["cpu_percent"], first["sent_per_s"], first["memory_used"]) == (None, None, 600 * MB)
    then = sampling.columns(read_at(100, 50, 1000, 500), read_at(110, 55, 6000, 500))
    assert (then["cpu_percent"], then["sent_per_s"], then["received_per_s"]) == (25.0, 500, 0)


def test_counters_that_begin_anew_and_clocks_that_stand_give_no_nonsense() -> None:
    again = sampling.columns(read_at(100, 500, 9000), read_at(110, 1, 10))
    assert (again["cpu_percent"], again["sent_per_s"]) == (0.0, 0)
    assert sampling.columns(read_at(100, 50), read_at(100, 60))["cpu_percent"] is None
    assert sampling.columns(read_at(100, 0), read_at(101, 50))["cpu_percent"] == 100.0


def sampled(back: float, cpu: float | None = 10.0, host: str = "here") -> bool:
    row = sampling.columns(None, read_at(0, 0)) | {"cpu_percent": cpu}
    return sampling.write(host, row, NOW - timedelta(seconds=back))


@pytest.mark.django_db
@pytest.mark.both_databases
def test_samples_are_rolled_up_as_they_are_written() -> None:
    for back, cpu in ((100, None), (75, 10.0), (60, 40.0), (45, 70.0)):
        assert sampled(back, cpu)
    assert sorted(HostRollup.objects.values_list("span", flat=True)) == [300, 3600, 86400]
    (point,) = queries.host_series("here", NOW - timedelta(days=30), NOW + timedelta(days=1), now=NOW)
    assert (point.cpu, point.cpu_max, point.memory, point.disk) == (40.0, 70.0, 60.0, 95.0)
    raw = queries.host_series("here", NOW - timedelta(hours=1), NOW, now=NOW)
    assert [(point.seconds, point.cpu) for point in raw] == [(60, None), (60, 40.0)]


@pytest.mark.django_db
def test_of_two_workers_on_one_host_one_writes() -> None:
    assert sampled(20)
    assert not sampled(12)
    assert sampled(12, host="there")
    assert sampled(5)
    assert HostSample.objects.filter(host="here").count() == 2


@pytest.mark.django_db
def test_a_host_says_whether_it_is_sampled_and_what_is_over() -> None:
    make_worker(name="one", host="here", seen_at=NOW)
    make_worker(name="two", host="here", seen_at=NOW)
    make_worker(name="three", host="there", seen_at=NOW - timedelta(hours=2), stopped_at=NOW)
    sampled(70, 20.0, "there")
    sampled(5, 80.5)
    here, there = queries.hosts(NOW)
    assert (here.name, here.workers, here.live, here.over) == ("here", ["one", "two"], True, ("cpu", "disk"))
    assert (here.cpu, here.memory, here.disk) == (80.5, 60.0, 95.0)
    assert (there.name, there.workers, there.live, there.over) == ("there", [], False, ("disk",))


@pytest.mark.django_db
@pytest.mark.both_databases
def test_process_trees_have_a_history_each() -> None:
    one, two = make_service("one"), make_service("two")
    for back, cpu in ((50, None), (35, 30.0), (20, 90.0)):
        rows = [(one.pk, {"cpu_percent": cpu, "memory_bytes": back * MB, "processes": 2})]
        rows += [(two.pk, {"cpu_percent": 1.0, "memory_bytes": 7 * MB, "processes": 1})]
        sampling.write_processes(rows, NOW - timedelta(seconds=back))
    (point,) = queries.process_series(one.pk, NOW - timedelta(hours=1), NOW, now=NOW)
    assert (point.seconds, point.cpu, point.cpu_max) == (300, 60.0, 90.0)
    assert (point.memory, point.memory_max, point.processes) == (35 * MB, 50 * MB, 2)
    assert ProcessRollup.objects.count() == 6
    assert (
        len(queries.process_series(two.pk, NOW - timedelta(days=400), NOW + timedelta(days=7), now=NOW)) == 1
    )


@pytest.mark.django_db
def test_old_samples_go_and_their_roll_ups_after_them() -> None:
    for days in (1, 3, 15, 100, 800):
        sampled(days * 86400)
    assert pruning.step(DEFAULTS.kept_days(), NOW) == 4 + 3 + 2 + 1
    assert HostSample.objects.count() == 1
    kept = {span: HostRollup.objects.filter(span=span).count() for span in (300, 3600, 86400)}
    assert kept == {300: 2, 3600: 3, 86400: 4}


def put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_a_container_of_version_2_is_bound_by_the_groups_around_it(tmp_path: Path) -> None:
    mount, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/mcp.slice/web\n")
    put(mount, **{"cgroup__controllers": "cpu memory\n"})
    put(
        mount / "mcp.slice", memory__max="1000\n", memory__current="900\n", memory__stat="inactive_file 300\n"
    )
    put(
        mount / "mcp.slice/web",
        cpu__max="50000 100000\n",
        cpu__stat="usage_usec 2500000\n",
        memory__max="max\n",
    )
    found = reading.bounds(mount, own)
    assert (found.cores, found.cpu_seconds, found.memory, found.memory_used) == (0.5, 2.5, 1000, 600)
    assert reading.cpu(found) == (2.5, 0.5)
    assert reading.memory(found) == Memory(used=600, total=1000)


def test_a_container_of_version_1_sees_its_own_group_as_the_mount(tmp_path: Path) -> None:
    mount, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("4:memory:/docker/3f\n3:cpu,cpuacct:/docker/3f\n")
    put(mount / "cpu", cpu__cfs_quota_us="150000\n", cpu__cfs_period_us="100000\n")
    put(mount / "cpuacct", cpuacct__usage="7000000000\n")
    stat = "inactive_file 1\ntotal_inactive_file 200\n"
    put(mount / "memory", memory__limit_in_bytes="5000\n", memory__usage_in_bytes="1200\n", memory__stat=stat)
    found = reading.bounds(mount, own)
    assert (found.cores, found.cpu_seconds, found.memory, found.memory_used) == (1.5, 7.0, 5000, 1000)


def test_without_groups_the_whole_host_counts(tmp_path: Path) -> None:
    found = reading.bounds(tmp_path / "none", tmp_path / "none")
    assert found == reading.Bounds()
    assert reading.cpu(found)[1] >= 1
    assert 0 < reading.memory(found).used < reading.memory(found).total


def test_this_host_can_be_read(tmp_path: Path) -> None:
    sampler = sampling.HostSampler(tmp_path)
    sampler.take()
    row = sampler.take()
    assert row["disk_total"] and row["memory_total"]
    assert 0 <= (row["cpu_percent"] or 0) <= 100


def test_what_is_used_is_recorded_unless_an_option_says_otherwise(options: Callable[..., None]) -> None:
    assert sampling.is_wanted()
    for name in ("enabled", "performance_monitoring"):
        options(**{name: False})
        assert not sampling.is_wanted()
