"""FastMCP's own sign-in, of versions 4 and 3: the reference client gets in, and we do, and further."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.authorization.protected import served
from tests.doubles.authorization.script import Script
from tests.support.bench import HASTY, Bench
from tests.support.mcp_servers import GuardedServer
from tests.support.oauth import ReferenceClient
from tests.support.signing import grant_of, sign_in

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("version", [4, 3])
async def test_one_that_makes_its_own_tokens_lets_the_reference_client_in(version: int) -> None:
    with GuardedServer(version) as server:
        assert await ReferenceClient(server.url).tools() == ["add"]


@pytest.mark.parametrize("version", [4, 3])
async def test_one_that_trusts_another_issuer_takes_the_tokens_of_the_double(version: int) -> None:
    with (
        served(Script(issuer_path="/tenant")) as double,
        GuardedServer(version, double.issuing.issuer) as server,
    ):
        assert await ReferenceClient(server.url).tools() == ["add"]
        assert double.issuing.last("token")["resource"] == server.url


@pytest.mark.parametrize("version", [4, 3])
async def test_one_that_trusts_an_origin_writes_it_with_a_slash_and_nobody_gets_in(version: int) -> None:
    """FastMCP 3.4.11 and 4.1.2 say `https://issuer/` for `https://issuer`; `mcp` 2.3.0 compares the text."""
    with (
        served(Script()) as double,
        GuardedServer(version, double.issuing.issuer) as server,
        pytest.raises(RuntimeError, match="issuer mismatch"),
    ):
        await ReferenceClient(server.url).tools()


@pytest.fixture
def bench(transactional_db: None, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, HASTY)
    bench.start()
    yield bench
    bench.close()


@pytest.mark.parametrize("version", [4, 3])
def test_we_sign_in_renew_and_come_back_after_a_restart_that_forgot_us(bench: Bench, version: int) -> None:
    """FastMCP's (3.4.11, 4.1.2) provider in memory forgets the refresh token too when it is shown an access
    token that has ended, and ends those up to a second early: who does not renew ahead signs in again.
    """
    with GuardedServer(version, lasts=8) as server:
        bench.add("web", {"url": server.url})
        assert sign_in(bench, "web").failure == ""
        bench.until_state("web", "HEALTHY")
        first = grant_of("web")
        bench.until(lambda: grant_of("web").version > first.version, 20)
        assert bench.trail("web")[-1] == "HEALTHY"
        server.kill()
        server.start()
        bench.until(lambda: bench.row("web").error_cause == "client-unknown", 30)
        assert sign_in(bench, "web", anew=True).failure == ""
        bench.until_state("web", "HEALTHY")


@pytest.mark.parametrize("version", [4, 3])
def test_we_sign_in_where_the_issuer_is_written_with_a_slash(bench: Bench, version: int) -> None:
    with served(Script()) as double, GuardedServer(version, double.issuing.issuer) as server:
        bench.add("web", {"url": server.url})
        assert sign_in(bench, "web").failure == ""
        bench.until_state("web", "HEALTHY")
        assert double.issuing.count("register") == 1
