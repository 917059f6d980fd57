"""How workers on PostgreSQL share the work: `python -m tests.scaling.measure ADDRESS WORKERS SERVICES`.

ADDRESS is that of a PostgreSQL server where a database can be made; it is dropped afterwards. Prints how long
it took from the start of the workers until all services were healthy, then, over 15 s with a check each
3 s, checks per second, CPU and lateness of each worker; and last how long a restart of all of them took.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import psutil

from mcpstore_site.benchmarks.support import target
from tests.support.cluster import Cluster, WorkerProcess
from tests.support.console import eventually
from tests.support.ports import free_port
from tests.support.postgres import drop_database, new_database

CHECK_EVERY, WATCHED, LIMIT = 3, 15.0, 300.0
HEALTHY = "SELECT count(*) AS n FROM lifecycle_servicestate WHERE state = 'HEALTHY'"
CHECKS = "SELECT count(*) AS n FROM lifecycle_checkresult"
CHECKED = "SELECT count(DISTINCT service_id) AS n FROM lifecycle_checkresult WHERE at > %s"
WORKERS = "SELECT name, services, late_ms FROM lifecycle_workerseen WHERE stopped_at IS NULL ORDER BY name"


def cpu(worker: WorkerProcess) -> float:
    times = psutil.Process(worker.process.pid).cpu_times()
    return times.user + times.system


def number(cluster: Cluster, sql: str, *values: Any) -> int:
    return int(cluster.rows(sql, *values)[0]["n"])


def bring_up(cluster: Cluster, workers: int, services: int) -> list[WorkerProcess]:
    began = time.monotonic()
    started = cluster.start(*[cluster.url] * workers)
    eventually(lambda: number(cluster, HEALTHY) == services, "all are healthy", LIMIT)
    took, spent = time.monotonic() - began, sum(map(cpu, started))
    print(f"all healthy after {took:.1f} s; {1000 * spent / services:.0f} ms CPU of workers for each")
    return started


def watch(cluster: Cluster, workers: list[WorkerProcess]) -> None:
    time.sleep(5)
    checks, before, began = number(cluster, CHECKS), [cpu(one) for one in workers], time.monotonic()
    time.sleep(WATCHED)
    seconds = time.monotonic() - began
    shares = [100 * (cpu(one) - was) / seconds for one, was in zip(workers, before, strict=True)]
    print(f"{(number(cluster, CHECKS) - checks) / seconds:.0f} checks/s; % of a core:", *map(round, shares))
    for row in cluster.rows(WORKERS):
        print(f"{row['services']} services, lateness p99 {row['late_ms']} ms")


def restart(cluster: Cluster, workers: list[WorkerProcess], services: int) -> None:
    for one in workers:
        one.signal(signal.SIGTERM)
    for one in workers:
        one.process.wait(60)
    since, began = int(time.time() * 1000), time.monotonic()
    cluster.start(*[cluster.url] * len(workers))
    eventually(lambda: number(cluster, CHECKED, since) == services, "all are checked again", LIMIT)
    print(f"after a restart all were checked again within {time.monotonic() - began:.1f} s")


def main(server: str, workers: int, services: int) -> None:
    port, url = free_port(), new_database(server)
    with subprocess.Popen(
        [sys.executable, target.__file__, "http", str(port)], stdout=subprocess.PIPE
    ) as mcp:
        assert mcp.stdout is not None
        mcp.stdout.readline()
        kinds = ("legacy", "modern")
        try:
            with Cluster(url) as cluster:
                base = f"http://127.0.0.1:{port}"
                entries = {f"s-{n}": {"url": f"{base}/{kinds[n % 2]}/{n}"} for n in range(services)}
                cluster.fill(entries, CHECK_EVERY)
                started = bring_up(cluster, workers, services)
                watch(cluster, started)
                restart(cluster, started, services)
        finally:
            drop_database(server, url)
            mcp.kill()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
