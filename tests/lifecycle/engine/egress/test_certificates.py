"""The end of a certificate comes from the connection that is there; a new one shows with the next."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import httpx2

from lifecycle.engine.egress.certificates import Certificates
from tests.doubles.fault_server import FaultServer
from tests.lifecycle.engine.egress.test_outward import SecureServer
from tests.support.holding import Holder, http
from tests.support.issuing import issue

AUTHORITY = issue(authority=True, name="authority")
OLD, NEW = (issue(AUTHORITY, ends=timedelta(days=days)) for days in (6, 90))


async def test_a_renewed_certificate_shows_with_the_next_connection(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    holder.trust(AUTHORITY.pem(tmp_path, "authority"))
    context = OLD.server_context(tmp_path)
    async with SecureServer(context) as server:
        connection = await holder.open(http(f"https://127.0.0.1:{server.port}/mcp"))
        assert connection.certificate_until == OLD.certificate.not_valid_after_utc
        NEW.server_context(tmp_path)
        number = NEW.certificate.serial_number
        context.load_cert_chain(tmp_path / f"{number}.pem", tmp_path / f"{number}.key")
        assert (await connection.probe(2)).fault is None
        server.drop()
        await asyncio.sleep(0)  # it is reset in the next round of the event loop
        assert (await connection.probe(2)).fault is None
        assert connection.certificate_until == NEW.certificate.not_valid_after_utc
    await holder.aclose()


async def test_without_tls_there_is_none(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        assert (await connection.probe(2)).fault is None
        assert connection.certificate_until is None
    await holder.aclose()


class Tls:
    """A TLS connection, as far as it is looked at."""

    def __init__(self, ends: str) -> None:
        self.ends, self.asked = ends, 0

    def getpeercert(self) -> dict[str, str]:
        self.asked += 1
        return {"notAfter": self.ends}

    def get_extra_info(self, what: str) -> object:
        return self if what == "ssl_object" else None


def test_each_connection_is_looked_at_once() -> None:
    told: list[datetime] = []
    found = Certificates(told.append)
    first, second = Tls("Dec  5 12:00:00 2026 GMT"), Tls("Mar  5 12:00:00 2027 GMT")
    for tls in (first, first, second, second):
        found.look(httpx2.Response(200, extensions={"network_stream": tls}))
    assert (first.asked, second.asked) == (1, 1)
    assert [f"{ends:%Y-%m-%d %H:%M %Z}" for ends in told] == ["2026-12-05 12:00 UTC", "2027-03-05 12:00 UTC"]
