"""Services behind the proxy of the installation, and certificates of a company's own authority."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proxies import Proxy
from lifecycle.core.health.verdict import Kind
from lifecycle.engine.egress import addresses, outward
from lifecycle.engine.session.connection import ConnectionFault
from mcpstore_site import environment
from mcpstore_site import settings as read
from registry.core.entries.entry import ServiceConfig
from tests.doubles.fault_server import FaultServer
from tests.support.holding import Holder, http
from tests.support.issuing import issue

HOST = "server.example"
AUTHORITY = issue(authority=True, name="authority")
SERVER = issue(AUTHORITY, host=x509.DNSName(HOST))


class SecureServer(FaultServer):
    """The double, over TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]


class ConnectProxy:
    """An HTTP proxy that leads every CONNECT to one port, or refuses it with `refuses`."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.heads: list[str] = []
        self.refuses = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {self.refuses or '200 Connection established'}\r\n\r\n".encode())
        if self.refuses:
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    @property
    def asked_for(self) -> set[str]:
        return {head.split(" ")[1] for head in self.heads}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server of this side says; nothing unless a test puts it in."""
    names: dict[str, list[str]] = {}

    def look_up(host: str, port: int) -> list[str]:
        if host not in names:
            raise OSError("not known here")
        return names[host]

    monkeypatch.setattr(addresses, "_look_up", look_up)
    return names


@pytest.fixture
async def proxy(tmp_path: Path, settings: LazySettings, known: object) -> AsyncIterator[ConnectProxy]:
    """A server over TLS that only the proxy reaches, both as the settings of the installation have them."""
    async with SecureServer(SERVER.server_context(tmp_path)) as server:
        proxy = ConnectProxy(server.port)
        listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = listening.sockets[0].getsockname()[1]
        settings.PROXY = Proxy.read(f"http://user:secret@127.0.0.1:{proxy.port}")
        settings.CA_BUNDLE = str(AUTHORITY.pem(tmp_path, "authority"))
        yield proxy
        listening.close()


@pytest.fixture
async def behind(proxy: ConnectProxy, tmp_path: Path) -> AsyncIterator[Holder]:
    holder = Holder(tmp_path)
    yield holder
    await holder.aclose()


async def test_a_service_behind_the_proxy_is_reached_by_name_and_its_own_authority_is_trusted(
    behind: Holder, proxy: ConnectProxy
) -> None:
    connection = await behind.open(http(f"https://{HOST}/mcp"))
    assert (await connection.probe(2)).fault is None
    assert connection.certificate_until == SERVER.certificate.not_valid_after_utc
    assert proxy.asked_for == {f"{HOST}:443"}
    sign = base64.b64encode(b"user:secret").decode()
    assert all(f"Proxy-Authorization: Basic {sign}" in head for head in proxy.heads)


async def test_a_name_that_leads_to_a_metadata_address_is_refused_before_the_proxy_hears_of_it(
    behind: Holder, proxy: ConnectProxy, known: dict[str, list[str]]
) -> None:
    known[HOST] = ["169.254.169.254"]
    with pytest.raises(ConnectionFault) as caught:
        await behind.open(http(f"https://{HOST}/mcp"))
    assert (caught.value.fault.kind, proxy.heads) == (Kind.POLICY, [])


async def test_where_only_public_addresses_are_allowed_the_proxy_gets_the_one_that_was_checked(
    proxy: ConnectProxy, known: dict[str, list[str]], settings: LazySettings, tmp_path: Path
) -> None:
    settings.EGRESS_STRICT = True
    holder = Holder(tmp_path)
    with pytest.raises(ConnectionFault):
        await holder.open(http(f"https://{HOST}/mcp"))
    assert proxy.heads == []
    known[HOST] = ["93.184.216.34"]
    await holder.open(http(f"https://{HOST}/mcp"))
    assert proxy.asked_for == {"93.184.216.34:443"}
    await holder.aclose()


async def test_a_proxy_that_refuses_is_named(behind: Holder, proxy: ConnectProxy) -> None:
    proxy.refuses = "407 Proxy Authentication Required"
    with pytest.raises(ConnectionFault) as caught:
        await behind.open(http(f"https://{HOST}/mcp"))
    fault = caught.value.fault
    assert fault.cause is Cause.PROXY
    assert fault.message == "the proxy refuses: 407 Proxy Authentication Required"


async def _environment(folder: Path, **env: str) -> dict[str, str]:
    """The variables that a program is started with."""
    holder = Holder(folder)
    script = "import json, os, sys; json.dump(dict(os.environ), sys.stderr); sys.exit(3)"
    entry = ServiceConfig(transport="stdio", command=sys.executable, args=("-IS", "-c", script), env=env)
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(entry)
    await holder.aclose()
    said: dict[str, str] = json.loads(caught.value.fault.output)
    return said


@pytest.mark.usefixtures("proxy")
async def test_programs_get_neither_proxy_nor_authorities_unless_that_is_chosen(tmp_path: Path) -> None:
    names = {"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"}
    assert not names & set(await _environment(tmp_path))


@pytest.mark.usefixtures("proxy")
async def test_programs_that_get_them_may_have_their_own_and_trust_no_fewer_authorities(
    tmp_path: Path, settings: LazySettings
) -> None:
    settings.CHILD_NETWORK = True
    settings.PROXY = Proxy.read("http://127.0.0.1:3128", "intern.example,10.0.0.0/8")
    env = await _environment(tmp_path, HTTPS_PROXY="http://other:8080")
    assert env["HTTPS_PROXY"] == "http://other:8080"
    assert env["NO_PROXY"] == "intern.example,10.0.0.0/8"
    assert env["NODE_EXTRA_CA_CERTS"] == settings.CA_BUNDLE
    whole = Path(env["SSL_CERT_FILE"]).read_text()
    assert Path(settings.CA_BUNDLE).read_text() in whole
    assert whole.count("BEGIN CERTIFICATE") > 100


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "authorities.pem"
    monkeypatch.setenv("MCPSTORE_CA_BUNDLE", str(path))
    yield path


def test_a_bundle_that_cannot_be_used_stops_the_start_and_says_why(bundle: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="No such file"):
        environment.authorities("MCPSTORE_CA_BUNDLE")
    bundle.write_text("not a certificate")
    with pytest.raises(ImproperlyConfigured, match="holds no certificates"):
        environment.authorities("MCPSTORE_CA_BUNDLE")


def test_a_proxy_that_cannot_be_one_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCPSTORE_HTTPS_PROXY", "socks5://user:secret@proxy:1080")
    with pytest.raises(ImproperlyConfigured) as caught:
        read._proxy("MCPSTORE_HTTPS_PROXY", "MCPSTORE_NO_PROXY")
    assert "secret" not in str(caught.value)


def test_without_a_proxy_connections_go_directly() -> None:
    made = outward.transport(addresses.Rule(), ssl_context=ssl.create_default_context())
    assert not isinstance(made, outward.RoutedTransport)
