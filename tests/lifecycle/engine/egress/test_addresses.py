from __future__ import annotations

import asyncio
import socket
import ssl

import httpx2
import pytest

from lifecycle.engine.egress import addresses
from lifecycle.engine.egress.addresses import EgressRefusedError, Rule, refusal
from lifecycle.engine.egress.pinned import PinnedTransport

STRICT = Rule.read([], private=False)
HOME = Rule.read([], private=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "100.100.100.200",
        "fd00:ec2::254",
        "168.63.129.16",
        "::ffff:0:169.254.169.254",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_link_local_and_metadata_are_refused_whatever_is_allowed(address: str) -> None:
    assert refusal(address, Rule.read(["0.0.0.0/0", "::/0"], private=True)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "192.168.0.9",
        "172.16.3.4",
        "100.64.0.1",
        "::1",
        "::",
        "fd12::1",
        "::ffff:127.0.0.1",
    ],
)
def test_loopback_and_private_depend_on_the_rule(address: str) -> None:
    assert "MCPSTORE_EGRESS_ALLOW" in (refusal(address, STRICT) or "")
    assert refusal(address, HOME) is None


def test_an_allowed_network_opens_itself_only() -> None:
    rule = Rule.read(["10.0.0.0/8"], private=False)
    assert refusal("10.255.0.1", rule) is None
    assert refusal("192.168.0.1", rule) is not None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "2002:5db8:d822::1"])
def test_public_addresses_are_open(address: str) -> None:
    assert refusal(address, STRICT) is None


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "[::1]"])
async def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(EgressRefusedError, match="loopback"):
        await addresses.resolve(host, 80, STRICT)


async def test_an_unknown_name_is_a_lookup_error() -> None:
    with pytest.raises(socket.gaierror):
        await addresses.resolve("nowhere.invalid", 80, STRICT)
    with pytest.raises(socket.gaierror):
        await addresses.resolve("a" * 70 + ".invalid", 80, STRICT)


async def test_a_name_is_looked_up_once_and_the_checked_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name server that answers differently the second time finds nobody asking."""
    asked: list[str] = []

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = head.split(b"Host: ")[1].split(b"\r\n")[0]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    monkeypatch.setattr(addresses, "_look_up", look_up)
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = PinnedTransport(HOME, ssl_context=ssl.create_default_context())
    async with server, httpx2.AsyncClient(transport=transport, trust_env=False) as client:
        assert (await client.get(f"http://rebinding.test:{port}/")).text == f"rebinding.test:{port}"
        with pytest.raises(EgressRefusedError, match="link-local"):
            await client.get(f"http://rebinding.test:{port}/")
    assert asked == ["rebinding.test"] * 2


@pytest.mark.parametrize(
    "address",
    [
        "fec0::1",
        "feff::1",
        "5f00::1",
        "3fff::1",
        "3fff:fff::1",
        "::ffff:0:127.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b:1::808:808",
        "64:ff9b:1:7f00:0:100::",
    ],
)
def test_what_no_public_network_carries_is_private(address: str) -> None:
    assert "loopback or private" in (refusal(address, STRICT) or "")
    assert refusal(address, HOME) is None
    assert refusal("::ffff:0:8.8.8.8", STRICT) is None
