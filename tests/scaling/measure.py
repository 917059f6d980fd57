"""How workers on PostgreSQL share the work.

`python -m tests.scaling.measure ADDRESS WORKERS SERVICES [SECONDS]`: ADDRESS is that of a PostgreSQL server
where a database can be made; it is dropped afterwards. Each service is checked every SECONDS (3). Prints how
long it took from the start of the workers until all services were healthy; then, for five intervals but at
most a minute, checks per second, CPU, memory and lateness of each worker, and what PostgreSQL has to write;
then how soon others have what a frozen worker had; last how long a restart of all of them took.
`python -m tests.support.postgres --durable COMMAND …` starts a server for it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from mcpstore_site.benchmarks.support import target
from tests.support.cluster import Cluster, WorkerProcess
from tests.support.console import eventually
from tests.support.ports import free_port
from tests.support.postgres import drop_database, new_database

CHECK_EVERY, INTERVALS, AT_MOST, LIMIT = 3, 5, 60.0, 1200.0
OF_ONE_SERVER = 12_000
"""Connections of one machine to one address are bounded by its ports."""
HEALTHY = "SELECT count(*) AS n FROM lifecycle_servicestate WHERE state = 'HEALTHY'"
CHANGES = "SELECT count(*) AS n FROM lifecycle_statechange"
CHECKS = "SELECT count(*) AS n FROM lifecycle_checkresult"
CHECKED = "SELECT count(*) AS n FROM lifecycle_servicestate WHERE last_ping_at > to_timestamp(%s)"
FAILED = "SELECT count(*) AS n FROM lifecycle_checkresult WHERE level = 3"
WORKERS = "SELECT name, services, late_ms FROM lifecycle_workerseen WHERE stopped_at IS NULL ORDER BY name"
WRITTEN = """SELECT xact_commit AS commits, tup_inserted AS inserted, tup_updated AS updated,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal
    FROM pg_stat_database WHERE datname = current_database()"""
SIZE = "SELECT pg_database_size(current_database()) AS n"


def seconds_of(*processes: psutil.Process) -> float:
    """CPU that they have used."""
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


def cpu(worker: WorkerProcess) -> float:
    return seconds_of(psutil.Process(worker.process.pid))


def database() -> list[psutil.Process]:
    """PostgreSQL's processes on this machine, those for the workers among them."""
    return [process for process in psutil.process_iter() if process.name() == "postgres"]


def number(cluster: Cluster, sql: str, *values: Any) -> int:
    return int(cluster.rows(sql, *values)[0]["n"])


def bring_up(cluster: Cluster, workers: int, services: int) -> list[WorkerProcess]:
    began = time.monotonic()
    started = cluster.start(*[cluster.url] * workers)
    eventually(lambda: number(cluster, HEALTHY) == services, "all are healthy", LIMIT, 0.5)
    took, spent = time.monotonic() - began, sum(map(cpu, started))
    print(f"all healthy after {took:.1f} s; {1000 * spent / services:.0f} ms CPU of workers for each")
    return started


def watch(cluster: Cluster, workers: list[WorkerProcess], every: float) -> None:
    time.sleep(5)
    server, before, began = database(), [cpu(one) for one in workers], time.monotonic()
    checks, changes, failed = (number(cluster, sql) for sql in (CHECKS, CHANGES, FAILED))
    written, spent = cluster.rows(WRITTEN)[0], seconds_of(*server)
    time.sleep(min(INTERVALS * every, AT_MOST))
    seconds = time.monotonic() - began
    shares = [100 * (cpu(one) - was) / seconds for one, was in zip(workers, before, strict=True)]
    done = number(cluster, CHECKS) - checks
    print(f"{done / seconds:.0f} checks/s; % of a core:", *map(round, shares))
    print(f"{1000 * seconds / 100 * sum(shares) / max(done, 1):.2f} ms CPU of workers for a check")
    print(f"{number(cluster, FAILED) - failed} failed, {number(cluster, CHANGES) - changes} changes of state")
    rate = {name: (value - written[name]) / seconds for name, value in cluster.rows(WRITTEN)[0].items()}
    share = 100 * (seconds_of(*server) - spent) / seconds
    print(f"PostgreSQL: {share:.0f} % of a core, {number(cluster, SIZE) / 1e6:.0f} MB on disk;", end=" ")
    print(f"{rate['commits']:.0f} commits/s, {rate['inserted']:.0f} rows inserted/s,", end=" ")
    print(f"{rate['updated']:.0f} updated/s, {rate['wal'] / 1e6:.2f} MB of WAL/s")
    megabytes = [psutil.Process(one.process.pid).memory_info().rss / 1e6 for one in workers]
    print("memory, MB:", *map(round, megabytes))
    for row in cluster.rows(WORKERS):
        print(f"{row['services']} services, lateness p99 {row['late_ms']} ms")


def freeze(cluster: Cluster, workers: list[WorkerProcess], services: int) -> list[WorkerProcess]:
    """One worker stands still, as one does that is cut off; the others are left."""
    frozen, *rest = workers
    changes, since, began = number(cluster, CHANGES), time.time(), time.monotonic()
    frozen.signal(signal.SIGSTOP)
    others = {one.name for one in rest}
    eventually(lambda: set(cluster.shares()) == others, "the others have all", LIMIT, 0.1)
    print(f"a worker froze: others had its leases after {time.monotonic() - began:.1f} s", end=", ")
    eventually(lambda: number(cluster, CHECKED, since) == services, "all are checked again", LIMIT, 0.5)
    print(f"all were checked again after {time.monotonic() - began:.1f} s,", end=" ")
    print(f"{number(cluster, CHANGES) - changes} changes of state")
    frozen.process.kill()
    frozen.process.wait(60)
    return rest


def restart(cluster: Cluster, workers: list[WorkerProcess], services: int) -> None:
    for one in workers:
        one.signal(signal.SIGTERM)
    for one in workers:
        one.process.wait(60)
    since, began = time.time(), time.monotonic()
    cluster.start(*[cluster.url] * len(workers))
    eventually(lambda: number(cluster, CHECKED, since) == services, "all are checked again", LIMIT, 0.5)
    print(f"after a restart all were checked again within {time.monotonic() - began:.1f} s")


@contextmanager
def servers(services: int) -> Iterator[list[str]]:
    """Addresses of MCP servers, enough for so many services."""
    found, ports = [], [free_port() for _ in range(-(-services // OF_ONE_SERVER))]
    try:
        for port in ports:
            command = [sys.executable, target.__file__, "http", str(port)]
            found.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        for one in found:
            assert one.stdout is not None
            one.stdout.readline()
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        for one in found:
            one.kill()
            one.wait()


def main(server: str, workers: int, services: int, every: float) -> None:
    url, kinds = new_database(server), ("legacy", "modern")
    try:
        with servers(services) as bases, Cluster(url) as cluster:
            addresses = (f"{bases[n % len(bases)]}/{kinds[n // len(bases) % 2]}/{n}" for n in range(services))
            cluster.fill({f"s-{n}": {"url": address} for n, address in enumerate(addresses)}, every)
            started = bring_up(cluster, workers, services)
            watch(cluster, started, every)
            if workers > 1:
                started = freeze(cluster, started, services)
            restart(cluster, started, services)
    finally:
        drop_database(server, url)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with it
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float([*sys.argv, str(CHECK_EVERY)][4]))
