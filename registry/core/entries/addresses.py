"""Which addresses may be reached, however they are written: at the form, and again at the connection."""

from __future__ import annotations

import re
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
METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog"})
LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
# Not private to the library, and yet on no public network: site-local, and what routers keep for themselves.
NOT_PUBLIC = tuple(map(ip_network, ("fec0::/10", "5f00::/16", "3fff::/20")))
TRANSLATED = IPv6Network("::ffff:0:0:0/96")
NAT64 = (TRANSLATED, IPv6Network("64:ff9b::/96"))
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = IPv6Network("::/96")
_FEW = 2**16
_NUMBER = re.compile(r"0[xX](?P<hex>[0-9a-fA-F]*)|(?P<oct>0[0-7]*)|(?P<dec>[1-9][0-9]*)")
NEVER = "is a link-local or metadata address, which the console never connects to"
PRIVATE = "is a loopback or private address"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one kind of connection may reach besides public addresses."""

    allow: tuple[Network, ...] = ()
    private: bool = False

    @classmethod
    def read(cls, networks: Iterable[str], *, private: bool) -> Rule:
        """*networks* as in `settings.EGRESS_ALLOW`; *private* opens loopback and private networks too."""
        return cls(allow=tuple(ip_network(text) for text in networks), private=private)


HOME = Rule(private=True)


def address_of(host: str) -> Address | None:
    """The address that a host name is, in any spelling that a connection would take; None for a name.

    `127.1`, `0x7f000001`, `2130706433` and `0177.0.0.1` are all the loopback address to the C library.
    """
    text = host.strip("[]").rstrip(".")
    try:
        return ip_address(text)
    except ValueError:
        return _old_style(text)


def _old_style(text: str) -> IPv4Address | None:
    """As `inet_aton` reads it: up to four numbers, the last one filling what is left."""
    matches = [_NUMBER.fullmatch(part) for part in text.split(".")]
    if not 1 <= len(matches) <= 4 or None in matches:
        return None
    *first, last = [_number(match) for match in matches if match]
    room = 256 ** (4 - len(first))
    if any(number > 255 for number in first) or last >= room:
        return None
    head = sum(number << (24 - 8 * place) for place, number in enumerate(first))
    return IPv4Address(head + last)


def _number(match: re.Match[str]) -> int:
    if match["hex"] is not None:
        return int(match["hex"] or "0", 16)
    return int(match["oct"], 8) if match["oct"] is not None else int(match["dec"][:12])


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries inside, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _COMPATIBLE and int(address) >= _FEW:
        return IPv4Address(int(address))
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def refusal(text: str, rule: Rule) -> str | None:
    """Why the address *text* may not be reached under *rule*; None where it may."""
    why = problem(ip_address(text), rule)
    hint = "; add its network to MCPSTORE_EGRESS_ALLOW to permit it" if why == PRIVATE else ""
    return f"{text} {why}{hint}" if why else None


def problem(given: Address, rule: Rule) -> str:
    """What is wrong with the address under *rule*; empty where it may be reached."""
    if given in LOCAL_NAT64:
        return _translated_here(given, rule)
    address = _plain(given)
    if address.is_link_local or any(address in network for network in METADATA):
        return NEVER
    if address.is_multicast:
        return "is not the address of one host"
    public = address.is_global and not any(address in network for network in NOT_PUBLIC)
    if rule.private or public or any(address in network for network in rule.allow):
        return ""
    return PRIVATE


def _translated_here(given: Address, rule: Rule) -> str:
    """Of one that a translator of our own network takes; its prefix may have any length that is allowed."""
    octets = given.packed
    places = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
    carried = [IPv4Address(bytes(octets[at] for at in place)) for place in places]
    if any(problem(address, HOME) == NEVER for address in carried):
        return NEVER
    return "" if rule.private or any(given in network for network in rule.allow) else PRIVATE
