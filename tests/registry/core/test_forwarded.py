"""Whose request it is, behind proxies that are trusted and others that are not."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from registry.core.forwarded import client, household

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "for_", "forwarded", "found"),
    [
        ("203.0.113.9", "198.51.100.1", "for=198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "", "198.51.100.1"),
        ("10.0.0.1", "", "for=192.0.2.66, for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
        ("fd00::1", "", 'For="[2001:db8::7]:4711"', "2001:db8::7"),
        ("10.0.0.1", "", "for=unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, made-up", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.7, 10.0.0.8", "", "10.0.0.7"),
        ("::ffff:10.0.0.1", "198.51.100.1", "", "198.51.100.1"),
        ("10.0.0.1", "", "", "10.0.0.1"),
        ("", "198.51.100.1", "", ""),
    ],
)
def test_only_what_a_trusted_proxy_wrote_counts(peer: str, for_: str, forwarded: str, found: str) -> None:
    assert client(peer, for_, forwarded, TRUSTED) == found


def test_a_line_to_the_network_counts_as_one() -> None:
    assert household("2001:db8:1:2:3:4:5:6") == household("2001:db8:1:2::9") != household("2001:db8:1:3::9")
    assert household("198.51.100.1") != household("198.51.100.2")
