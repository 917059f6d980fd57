"""More services than the worker may hold connections to."""

from __future__ import annotations

import resource
import sys
import time

import pytest

from tests.support.console import Console, eventually
from tests.support.mcp_servers import FastMCPServer

SERVICES, FILES = 100, 120
CHECKED = """SELECT COUNT(*) AS n FROM (SELECT service_id FROM lifecycle_checkresult
WHERE at > ? GROUP BY service_id HAVING COUNT(*) > 1)"""
FAILED = "SELECT COUNT(*) AS n FROM lifecycle_checkresult WHERE at > ? AND level > 0"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_who_has_no_connection_of_its_own_is_checked_all_the_same(
    console: Console, fastmcp_http_server: FastMCPServer
) -> None:
    worker = console.worker()
    resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    console.register(**{f"s{n:03}": {"url": fastmcp_http_server.url} for n in range(SERVICES)})

    def healthy() -> bool:
        found = console.rows("SELECT COUNT(*) AS n FROM lifecycle_servicestate WHERE state = 'HEALTHY'")
        return bool(found[0]["n"] == SERVICES)

    eventually(healthy, "all are healthy", seconds=90)
    assert console.api.patch("policies/normal", json={"health_check_interval": 3}).status_code == 200
    since = time.time() * 1000

    def checked_twice() -> bool:
        return bool(console.rows(CHECKED, since)[0]["n"] == SERVICES)

    eventually(checked_twice, "each was checked twice", seconds=60)
    assert console.rows(FAILED, since)[0]["n"] == 0
    assert healthy() and worker.num_fds() < FILES
