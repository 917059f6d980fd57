"""Which addresses the console may reach, decided on the address that is really connected to.

The name is looked up here once and the connection goes to the address found, so that a second answer of
the name server cannot lead elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Where cloud providers hand out credentials; those that are not link-local anyway.
METADATA = tuple(
    ip_network(text)
    for text in (
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
    )
)
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class EgressRefusedError(Exception):
    """The address may not be reached; the text says which, why and what an admin can do."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one kind of connection may reach besides public addresses."""

    allow: tuple[Network, ...] = ()
    private: bool = False

    @classmethod
    def read(cls, networks: Iterable[str], *, private: bool) -> Rule:
        """*networks* as in `settings.EGRESS_ALLOW`; *private* opens loopback and private networks too."""
        return cls(allow=tuple(ip_network(text) for text in networks), private=private)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries inside, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def refusal(text: str, rule: Rule) -> str | None:
    """Why the address *text* may not be reached under *rule*; None where it may."""
    address = _plain(ip_address(text))
    if address.is_link_local or any(address in network for network in METADATA):
        return f"{text} is a link-local or metadata address, which the console never connects to"
    if address.is_multicast:
        return f"{text} is not the address of one host"
    if any(address in network for network in rule.allow):
        return None
    if address.is_global or rule.private:
        return None
    return f"{text} is a loopback or private address; add its network to MCPSTORE_EGRESS_ALLOW to permit it"


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _look_up_aside(host: str, port: int) -> list[str]:
    """Ask the system's resolver in a thread of its own, which cannot hold up others nor our exit."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(result: list[str] | OSError) -> None:
        if answer.done():
            return
        if isinstance(result, OSError):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def run() -> None:
        result: list[str] | OSError
        try:
            result = _look_up(host, port)
        except OSError as exc:
            result = exc
        except UnicodeError as exc:
            result = socket.gaierror(socket.EAI_NONAME, f"not a host name ({exc})")
        # The loop may be closed by the time a slow name server answers.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name="name-lookup", daemon=True).start()
    return await answer


async def resolve(host: str, port: int, rule: Rule) -> list[str]:
    """The addresses of *host* that may be reached, for connecting to them and to nothing else.

    Raises EgressRefusedError when none may, and socket.gaierror when the name is not known.
    """
    try:
        addresses = [str(ip_address(host.strip("[]")))]
    except ValueError:
        addresses = await _look_up_aside(host, port)
    refusals = {address: refusal(address, rule) for address in addresses}
    allowed = [address for address, why in refusals.items() if why is None]
    if not allowed:
        raise EgressRefusedError("; ".join(sorted({why for why in refusals.values() if why})))
    return allowed
