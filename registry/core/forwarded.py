"""Whose request it is when proxies stand between: only those that are trusted are believed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address

from registry.core.entries.addresses import Address, Network

_FOR = re.compile(r"(?:^|[;,\s])for\s*=\s*(?:\"([^\"]*)\"|([^;,\s]*))", re.IGNORECASE)


def client(peer: str, x_forwarded_for: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The last address on the way that is no trusted proxy; what stands before it, anybody can write."""
    hops = x_forwarded_for.split(",") if x_forwarded_for.strip() else _fors(forwarded)
    last = _address(peer)
    if last is None:
        return peer
    for hop in reversed(hops):
        if not any(last in network for network in trusted):
            break
        before = _address(hop)
        if before is None:  # hidden, or made up: the proxy is the last that is known
            break
        last = before
    return str(last)


def is_within(peer: str, networks: Sequence[Network]) -> bool:
    """Whether the address is in one of them; a text that is no address is in none."""
    found = _address(peer)
    return found is not None and any(found in network for network in networks)


def household(address: str) -> str:
    """What one connection to the network has to itself: an IPv4 address, or 64 bits of an IPv6 one."""
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found) if found else address[:40]


def _fors(forwarded: str) -> list[str]:
    return [quoted or plain for quoted, plain in _FOR.findall(forwarded)]


def _address(text: str) -> Address | None:
    """With or without a port, as proxies write it."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
