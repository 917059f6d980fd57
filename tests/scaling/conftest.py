from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster
from tests.support.mcp_servers import LightServer
from tests.support.postgres import drop_database, new_database


@pytest.fixture(scope="module")
def mcp_server() -> Iterator[LightServer]:
    with LightServer() as server:
        yield server


@pytest.fixture(scope="module")
def cluster(postgres_server: str, postgres_tables: str) -> Iterator[Cluster]:
    """An empty console on PostgreSQL whose workers the tests start."""
    url = new_database(postgres_server, postgres_tables)
    with Cluster(url) as cluster:
        yield cluster
    drop_database(postgres_server, url)
