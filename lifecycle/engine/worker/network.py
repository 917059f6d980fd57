"""Whether our own machine can reach anything: else nothing that it does not reach is to blame."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from lifecycle.core.health.inconclusive import ON_THE_WAY, Paths, offline
from lifecycle.core.health.verdict import Fault, Kind

ROUTES = Path("/proc/net/route")
ROUTES6 = Path("/proc/net/ipv6_route")
LOOK_EVERY = 1.0
NOTED_EVERY = 10.0
UP = 1


def remote_host(url: str) -> str:
    """The host of *url*; empty where it is this machine, for that needs no network."""
    host = (urlsplit(url).hostname or "").lower()
    with suppress(ValueError):
        return "" if ip_address(host).is_loopback else host
    return "" if host in ("", "localhost") or host.endswith(".localhost") else host


def paths() -> Paths:
    """What this machine has now; without a table of routes an address counts as a route."""
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    address = any(
        _usable(entry.address)
        for name, found in psutil.net_if_addrs().items()
        if name in up
        for entry in found
    )
    return Paths(address=address, default_route=_default_route() if ROUTES.exists() else address)


def _usable(address: str) -> bool:
    try:
        plain = ip_address(address.partition("%")[0])
    except ValueError:
        return False  # a hardware address
    return not (plain.is_loopback or plain.is_link_local)


def _default_route() -> bool:
    """By the kernel's tables; of IPv4 the destination 0 with the flag "up", of IPv6 a length of 0."""
    with suppress(OSError):
        for line in ROUTES.read_text().splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[1] == "00000000" and int(fields[3], 16) & UP:
                return True
    with suppress(OSError):
        for line in ROUTES6.read_text().splitlines():
            fields = line.split()
            if len(fields) > 9 and fields[1] == "00" and fields[9] != "lo":
                return True
    return False


class OwnNetwork:
    """Hears how other hosts are reached, and judges by all of them. One per worker."""

    def __init__(self, look: Callable[[], Paths] = paths) -> None:
        self._look = look
        self._failing: dict[str, float] = {}
        self._last_answer = float("-inf")
        self._had: Paths | None = None
        self._has = Paths(address=True, default_route=True)
        self._looked_at = self._noted_at = float("-inf")

    def answered(self, host: str) -> None:
        """*host* said something; a loopback host is the empty text and proves nothing."""
        if not host:
            return
        now = time.monotonic()
        self._failing.pop(host, None)
        self._last_answer = now
        if now - self._noted_at > NOTED_EVERY:
            self._had, self._noted_at = self._now_has(now), now

    def gone(self, host: str, fault: Fault) -> bool:
        """Whether *fault* of *host* may come from our own network being away."""
        if not host or fault.kind not in ON_THE_WAY:
            return False
        now = time.monotonic()
        if fault.no_way:
            self._failing.setdefault(host, now)
        elif fault.kind is not Kind.TIMEOUT:
            self._failing.pop(host, None)
        return offline(host, self._failing, self._last_answer, now, had=self._had, has=self._now_has(now))

    def _now_has(self, now: float) -> Paths:
        if now - self._looked_at > LOOK_EVERY:
            self._has, self._looked_at = self._look(), now
        return self._has
