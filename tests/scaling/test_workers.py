"""Several real workers on one database: they share, they take over, and who was away writes nothing."""

from __future__ import annotations

import signal
import time
from itertools import groupby
from uuid import uuid4

import pytest

from tests.support.cluster import Cluster, WorkerProcess
from tests.support.console import eventually, processes_marked
from tests.support.mcp_servers import LightServer, light_entry
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SERVICES = 24
CHECK_EVERY = 2
TAKEOVER = 20.0
ONE_LOOK = 1.0
HISTORY = "SELECT * FROM lifecycle_statechange ORDER BY service_id, id"
LEASES = "SELECT max(epoch) AS epoch FROM lifecycle_lease WHERE worker = %s"


def broken_chains(cluster: Cluster) -> list[str]:
    """Transitions that do not begin where the one before ended, or were written under an older lease."""
    problems = []
    for service, chain in groupby(cluster.rows(HISTORY), key=lambda row: row["service_id"]):
        before, epoch = "", 0
        for row in chain:
            if row["before"] != before or row["epoch"] < epoch:
                problems.append(f"service {service}: {row} after {before} at {epoch}")
            before, epoch = row["after"], row["epoch"]
    return problems


def all_healthy(cluster: Cluster) -> bool:
    states = cluster.rows("SELECT state FROM lifecycle_servicestate")
    return len(states) == SERVICES and {row["state"] for row in states} == {"HEALTHY"}


def appear_elsewhere(cluster: Cluster, *workers: WorkerProcess) -> None:
    """As if on machines of their own, where nobody can see whether their processes live."""
    for worker in workers:
        cluster.execute("UPDATE lifecycle_workerseen SET place = '' WHERE name = %s", worker.name)


def written_by(cluster: Cluster, worker: WorkerProcess) -> int:
    counted = "SELECT count(*) AS n FROM lifecycle_statechange WHERE worker = %s"
    return int(cluster.rows(counted, worker.name)[0]["n"])


def fairly(*workers: WorkerProcess) -> dict[str, int]:
    return {worker.name: 64 // len(workers) for worker in workers}


def test_workers_share_and_take_over_and_who_was_away_writes_nothing(
    cluster: Cluster, mcp_server: LightServer
) -> None:
    mark = uuid4().hex
    web = {f"web-{number}": {"url": mcp_server.url} for number in range(SERVICES - 4)}
    cluster.fill({**web, **{f"child-{number}": light_entry(mark) for number in range(4)}}, CHECK_EVERY)
    database = int(cluster.rows("SHOW port")[0]["port"])
    with Proxy(database) as proxy:
        [stays] = cluster.start()
        cluster.wait_for_shares(fairly(stays), 40)
        eventually(lambda: all_healthy(cluster), "all are healthy", 90)

        # Three more join: a quarter each, and no service has changed its state.
        before = cluster.rows(HISTORY)
        killed, frozen, lost = cluster.start(cluster.url, cluster.url, cluster.through(proxy.port))
        everyone = stays, killed, frozen, lost
        cluster.wait_for_shares(fairly(*everyone), 60)
        assert cluster.rows(HISTORY) == before
        eventually(lambda: len(processes_marked(mark)) == 4, "each child runs once", 40)

        # Three faults at once; their shares come to the one that is left.
        appear_elsewhere(cluster, killed, frozen, lost)
        began = time.monotonic()
        killed.signal(signal.SIGKILL)
        frozen.signal(signal.SIGSTOP)
        proxy.hang()
        cluster.wait_for_shares(fairly(stays), TAKEOVER + ONE_LOOK)
        assert time.monotonic() - began < TAKEOVER + ONE_LOOK
        assert lost.process.poll() is None
        eventually(
            lambda: "they could not be renewed" in lost.output(), "the lost one drops its services", 30
        )

        # While two are away all services fail, which they learn the moment that they are back.
        mcp_server.kill()
        eventually(lambda: not all_healthy(cluster), "the one that is left sees the servers die", 60)
        told = {worker.name: written_by(cluster, worker) for worker in (frozen, lost)}
        frozen.signal(signal.SIGCONT)
        eventually(lambda: "leases lost" in frozen.output(), "the woken one knows that it was relieved", 30)
        assert {worker.name: written_by(cluster, worker) for worker in (frozen, lost)} == told
        proxy.heal()
        cluster.wait_for_shares({stays.name: 22, frozen.name: 21, lost.name: 21}, 60)
        mcp_server.start()
        eventually(lambda: all_healthy(cluster), "all are healthy again", 90)
        eventually(lambda: len(processes_marked(mark)) == 4, "still each child runs once", 40)
        assert broken_chains(cluster) == []

        # One that leaves in good order is replaced at once.
        leaving = time.monotonic()
        stays.signal(signal.SIGTERM)
        assert stays.process.wait(40) == 0
        cluster.wait_for_shares(fairly(frozen, lost), 20)
        assert time.monotonic() - leaving < 2 * TAKEOVER
        assert broken_chains(cluster) == []
