"""Files of control groups, as kernels and container runtimes write them."""

from __future__ import annotations

import pytest

from lifecycle.core.monitoring import cgroups

V1 = """\
12:pids:/docker/3f1c
4:memory:/docker/3f1c
3:cpu,cpuacct:/docker/3f1c
1:name=systemd:/docker/3f1c
0::/system.slice/containerd.service
"""
V2 = "0::/system.slice/mcpstore.service\n"
CPU_STAT = """\
usage_usec 8423412
user_usec 6012000
system_usec 2411412
nr_periods 120
nr_throttled 3
throttled_usec 90211
"""
MEMORY_STAT_V1 = """\
cache 1048576
rss 5242880
inactive_file 4096
hierarchical_memory_limit 536870912
total_cache 2097152
total_inactive_file 1048576
"""
MEMORY_STAT_V2 = "anon 5242880\nfile 2097152\ninactive_file 524288\nactive_file 1572864\n"


def test_the_groups_of_a_process_are_read_by_controller() -> None:
    assert cgroups.own_groups(V1)["cpu"] == cgroups.own_groups(V1)["cpuacct"] == "/docker/3f1c"
    assert cgroups.own_groups(V1)[""] == "/system.slice/containerd.service"
    assert cgroups.own_groups(V2) == {"": "/system.slice/mcpstore.service"}
    assert cgroups.own_groups("") == cgroups.own_groups("nonsense\n") == {}


def test_a_group_is_looked_for_with_those_around_it() -> None:
    assert cgroups.lineage("/a/b") == ["a/b", "a", ""]
    assert cgroups.lineage("/") == [""]
    assert cgroups.lineage("/../..") == [""]  # seen from a namespace that begins further down


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("150000 100000\n", 1.5),
        ("max 100000\n", None),
        ("max\n", None),
        ("50000\n", 0.5),
        ("", None),
    ],
)
def test_the_quota_of_version_2(text: str, cores: float | None) -> None:
    assert cgroups.cores_v2(text) == cores


@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("200000\n", "100000\n", 2.0), ("-1\n", "100000\n", None), ("", "", None), ("25000", "50000", 0.5)],
)
def test_the_quota_of_version_1(quota: str, period: str, cores: float | None) -> None:
    assert cgroups.cores_v1(quota, period) == cores


@pytest.mark.parametrize(
    ("text", "limit"),
    [("536870912\n", 536870912), ("max\n", None), ("9223372036854771712\n", None), ("", None), ("0", None)],
)
def test_the_limit_of_memory(text: str, limit: int | None) -> None:
    assert cgroups.memory_limit(text) == limit


def test_files_read_some_time_ago_are_no_memory_in_use() -> None:
    assert cgroups.figures(CPU_STAT)["usage_usec"] == 8423412
    assert cgroups.in_use(8_000_000, cgroups.figures(MEMORY_STAT_V1)) == 8_000_000 - 1048576
    assert cgroups.in_use(8_000_000, cgroups.figures(MEMORY_STAT_V2)) == 8_000_000 - 524288
    assert cgroups.in_use(100, cgroups.figures(MEMORY_STAT_V2)) == 0
    assert cgroups.figures("one two\nthree\n\n") == {}
