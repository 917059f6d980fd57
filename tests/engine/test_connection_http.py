from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings

from lifecycle.core import backoff
from lifecycle.core.health import Kind
from lifecycle.core.policy import NORMAL
from lifecycle.engine.connection import ConnectionFault
from lifecycle.engine.http import EventStreamTransport, keepalive
from tests.doubles.fault_server import FaultServer
from tests.engine.holding_support import Holder, http

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


def self_signed(directory: Path) -> ssl.SSLContext:
    """The TLS of a server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = directory / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def refused(holder: Holder, url: str, limit: float = 3, **fields: object) -> ConnectionFault:
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(http(url, **fields), timeout=limit)
    return caught.value


@ERAS
async def test_a_session_is_held_checked_listed_and_called(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        greeting = connection.greeting
        assert (greeting.server_name, greeting.server_version, greeting.mode) == ("double", "1.2", "auto")
        assert greeting.protocol_version == ("2025-11-25" if era == "legacy" else "2026-07-28")
        probe = await connection.probe(2)
        assert probe.fault is None
        assert probe.took is not None and probe.took < timedelta(seconds=1)
        assert server.requests[-1] == ("ping" if era == "legacy" else "server/discover")
        assert [tool.name for tool in (await connection.content(2)).tools] == ["echo"]
        outcome = await connection.call_tool("echo", {"message": "hi"}, 2)
        assert (outcome.ok, outcome.content, outcome.error) == (True, [{"type": "text", "text": "hi"}], "")


@pytest.mark.parametrize(
    ("mode", "kind", "says"),
    [
        ("401", Kind.AUTH, "Bearer realm=double"),
        ("403", Kind.AUTH, "HTTP 403"),
        ("404", Kind.HTTP, "HTTP 404"),
        ("429", Kind.HTTP, "HTTP 429"),
        ("500", Kind.HTTP, "HTTP 500"),
        ("503", Kind.HTTP, "HTTP 503"),
        ("redirect", Kind.HTTP, "http://127.0.0.2:9/elsewhere,"),
        ("html", Kind.PROTOCOL, "web page"),
        ("garbage", Kind.PROTOCOL, "not JSON-RPC"),
        ("reset", Kind.CLOSED, "broke off"),
        ("cut", Kind.CLOSED, "broke off"),
        ("big", Kind.OVERSIZE, "16 MiB"),
        ("endless", Kind.OVERSIZE, "16 MiB"),
        ("compressed", Kind.CLOSED, "compressed"),
        ("huge-head", Kind.OVERSIZE, "headers"),
        ("many-headers", Kind.OVERSIZE, "headers"),
        ("some-headers-too-many", Kind.OVERSIZE, "headers"),
        ("error", Kind.PROTOCOL, "-32603: I am alive"),
        ("hang", Kind.TIMEOUT, "no answer"),
    ],
)
async def test_a_fault_at_connect_is_told_for_what_it_is(
    holder: Holder, mode: str, kind: Kind, says: str
) -> None:
    async with FaultServer(mode) as server:
        fault = (await refused(holder, server.url)).fault
    assert fault.kind is kind
    assert says in fault.message


@pytest.mark.parametrize(
    ("mode", "kind", "lost"),
    [
        ("401", Kind.AUTH, False),
        ("503", Kind.HTTP, False),
        ("html", Kind.PROTOCOL, False),
        ("garbage", Kind.PROTOCOL, False),
        ("redirect", Kind.HTTP, False),
        ("endless", Kind.OVERSIZE, False),
        ("reset", Kind.CLOSED, True),
        ("cut", Kind.CLOSED, True),
    ],
)
@ERAS
async def test_a_held_session_outlives_what_is_no_break(
    holder: Holder, era: str, mode: str, kind: Kind, lost: bool
) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        server.mode = mode
        fault = (await connection.probe(3)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (kind, lost)
        server.mode = "ok"
        assert ((await connection.probe(3)).fault is None) is not lost


@ERAS
async def test_an_error_answer_is_a_sign_of_life(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        server.mode = "error"
        assert (await connection.probe(2)).fault is None


@ERAS
async def test_a_hung_check_ends_on_time_and_the_session_recovers(holder: Holder, era: str) -> None:
    """Cancelling would run a courtesy of 5 s, and over legacy HTTP block the session for good."""
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        assert (await connection.probe(2)).fault is None
        server.mode = "hang"
        for _ in range(3):
            started = time.monotonic()
            fault = (await connection.probe(0.5)).fault
            assert time.monotonic() - started < 0.7
            assert fault is not None
            assert (fault.kind, fault.lost) == (Kind.TIMEOUT, False)
        server.mode = "ok"
        assert (await connection.probe(2)).fault is None


async def test_retry_after_is_kept(holder: Holder) -> None:
    async with FaultServer("429") as server:
        assert (await refused(holder, server.url)).fault.retry_after == timedelta(seconds=7)


@ERAS
async def test_a_dead_server_is_lost_at_the_next_check(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        await server.stop()
        fault = (await connection.probe(2)).fault
        assert fault is not None
        assert fault.lost
        assert fault.kind in (Kind.REFUSED, Kind.CLOSED)


async def test_a_restarted_server_has_forgotten_a_legacy_session(holder: Holder) -> None:
    async with FaultServer(era="legacy") as server:
        connection = await holder.open(http(server.url))
        server.sessions = False
        fault = (await connection.probe(2)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (Kind.CLOSED, True)
        assert "restarted" in fault.message


async def test_refused_unknown_and_untrusted(holder: Holder, tmp_path: Path) -> None:
    async with FaultServer() as server:
        url = server.url
    assert (await refused(holder, url)).fault.kind is Kind.REFUSED
    assert (await refused(holder, "http://nowhere.invalid/mcp", 8)).fault.kind is Kind.DNS
    secure = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=self_signed(tmp_path))
    async with secure:
        url = f"https://127.0.0.1:{secure.sockets[0].getsockname()[1]}/mcp"
        fault = (await refused(holder, url)).fault
    assert (fault.kind, "certificate is not trusted" in fault.message) == (Kind.TLS, True)


async def test_addresses_that_must_not_be_reached_are_a_matter_of_policy(holder: Holder) -> None:
    fault = (await refused(holder, "http://169.254.169.254/latest/meta-data")).fault
    assert fault.kind is Kind.POLICY
    with override_settings(EGRESS_STRICT=True, EGRESS_ALLOW=()):
        strict = Holder(holder.run_dir)
        assert (await refused(strict, "http://127.0.0.1:9/mcp")).fault.kind is Kind.POLICY
        await strict.aclose()
    fault = (await refused(holder, "ftp://example.org/mcp")).fault
    assert fault.kind is Kind.POLICY


async def test_sign_in_by_browser_is_refused(holder: Holder) -> None:
    async with FaultServer() as server:
        fault = (await refused(holder, server.url, auth="oauth")).fault
        assert fault.kind is Kind.AUTH
        assert server.requests == []


async def test_the_token_and_headers_are_sent_and_identity_is_asked_for(holder: Holder) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).lower())
        writer.write(b"HTTP/1.1 403 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    async with server:
        await refused(holder, url, auth="s3cret", headers={"X-Team": "blue"})
    assert b"authorization: bearer s3cret" in seen[0]
    assert b"x-team: blue" in seen[0]
    assert b"accept-encoding: identity" in seen[0]


async def test_many_clients_share_one_tls_context(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    def another(*_: object, **__: object) -> ssl.SSLContext:
        raise AssertionError("another context was made")

    monkeypatch.setattr(ssl, "create_default_context", another)
    async with FaultServer() as server:
        for number in range(5):
            await holder.open(http(server.url), name=str(number))


async def test_a_tool_call_that_fails_is_an_outcome(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        server.mode = "tool-error"
        outcome = await connection.call_tool("echo", {"message": "no such city"}, 2)
        assert (outcome.ok, outcome.error) == (False, "no such city")
        server.mode = "500"
        assert "HTTP 500" in (await connection.call_tool("echo", {}, 2)).error
        server.mode = "hang"
        assert "no answer within 0.3 s" in (await connection.call_tool("echo", {}, 0.3)).error
        assert holder.lost == []
        server.mode = "reset"
        assert not (await connection.call_tool("echo", {}, 5)).ok
        assert [fault.lost for fault in holder.lost] == [True]


async def test_bad_tools_lose_only_themselves(holder: Holder) -> None:
    async with FaultServer("bad-tool") as server:
        tools = (await (await holder.open(http(server.url))).content(2)).tools
        assert [(tool.name, bool(tool.problem)) for tool in tools] == [
            ("echo", False),
            ("no-schema", True),
            ("", True),
            ("", True),
            ("<b>bold</b>", False),
        ]
        assert tools[-1].title == "nul\ufffd"
        server.mode = "duplicate-tools"
        tools = (await (await holder.open(http(server.url))).content(2)).tools
        assert [tool.problem for tool in tools] == ["", "another tool has the same name"]


async def test_closing_a_hung_session_is_bounded(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        server.mode = "hang"
        started = time.monotonic()
        await connection.close(force=True)
        assert time.monotonic() - started < 1.2
        assert holder.lost == []


async def test_a_connection_is_kept_over_the_time_between_checks_and_not_made_anew_for_each(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecycle.engine.http.KEEPALIVE", 0.1)
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        before = server.connections
        for _ in range(3):
            await asyncio.sleep(0.3)
            assert (await connection.probe(2)).fault is None
        assert server.connections == before


@pytest.mark.parametrize("interval", [10, 30, 60, 300])
def test_an_idle_connection_outlives_the_longest_wait_until_the_next_check(interval: float) -> None:
    longest = backoff.spread(timedelta(seconds=interval), 0.999)
    assert keepalive(interval) > longest.total_seconds() + NORMAL.ping_timeout.total_seconds()


def test_an_idle_connection_is_not_kept_for_hours() -> None:
    assert keepalive(86_400) == 900


@pytest.mark.parametrize("mode", ["huge-head", "many-headers", "some-headers-too-many"])
@ERAS
async def test_headers_without_end_cost_a_held_session_its_connection_and_nothing_else(
    holder: Holder, era: str, mode: str
) -> None:
    async with FaultServer(era=era) as server, FaultServer() as other:
        connection, neighbour = await holder.open(http(server.url)), await holder.open(http(other.url))
        assert (await connection.probe(3)).fault is None
        server.mode = mode
        fault = (await connection.probe(3)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (Kind.OVERSIZE, True)
        assert (await neighbour.probe(1)).fault is None


@ERAS
async def test_a_session_that_fastmcp_has_lost_ends_with_the_connection(holder: Holder, era: str) -> None:
    """As after an attempt to connect that was cancelled and went on all the same."""
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        client = connection._client
        assert client is not None
        runner = client._session_state.session_task
        client._reset_session_state(full=True)
        await connection.close()
        assert runner is not None and runner.done()


async def test_a_task_that_misses_one_cancellation_gets_another() -> None:
    async def miss_one() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(100)
        await asyncio.sleep(100)

    runner = asyncio.create_task(miss_one())
    await asyncio.sleep(0)
    transport = EventStreamTransport("http://127.0.0.1:9/sse", httpx2.AsyncClient)
    transport._runner = runner
    await transport.end()
    assert runner.cancelled()
