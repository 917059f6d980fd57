"""The design's own example of system metrics, and what its figures are."""

from __future__ import annotations

import os

import psutil
import pytest

from mcpstore_site.store import SystemMetrics


def monitor_system_resources() -> None:
    """As the design writes it, in other words."""
    cpu_usage = SystemMetrics.get_cpu_usage()
    print(f"CPU: {cpu_usage:.1f}%")
    memory = SystemMetrics.get_memory_usage()
    print(f"Memory: {memory['percentage']:.1f}%")
    print(f"   used: {memory['used'] / 1024**3:.1f}GB")
    print(f"   available: {memory['available'] / 1024**3:.1f}GB")
    disk = SystemMetrics.get_disk_usage()
    print(f"Disk: {disk['percentage']:.1f}%")
    print(f"   used: {disk['used'] / 1024**3:.1f}GB")
    print(f"   free: {disk['free'] / 1024**3:.1f}GB")


def test_the_example_prints_what_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    monitor_system_resources()
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in said] == [
        "CPU", "Memory", "used", "available", "Disk", "used", "free",
    ]  # fmt: skip
    assert 0 <= float(said[0].removeprefix("CPU: ").rstrip("%")) <= 100


def test_percentages_are_of_what_may_be_used() -> None:
    memory, disk = SystemMetrics.get_memory_usage(), SystemMetrics.get_disk_usage(os.getcwd())
    assert memory["used"] + memory["available"] == memory["total"] <= psutil.virtual_memory().total
    assert memory["percentage"] == pytest.approx(memory["used"] / memory["total"] * 100)
    assert disk["used"] + disk["free"] == disk["total"]
    assert disk["percentage"] == pytest.approx(psutil.disk_usage(os.getcwd()).percent, abs=0.2)


def test_the_network_is_counted_in_bytes_and_packets() -> None:
    found = SystemMetrics.get_network_stats()
    assert set(found) == {"bytes_sent", "bytes_recv", "packets_sent", "packets_recv"}
    assert all(count >= 0 for count in found.values())
