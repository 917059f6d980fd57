"""Ports for what is about to be started."""

from __future__ import annotations

import random
import socket
from functools import cache
from pathlib import Path

LOWEST = 20_000
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
chance = random.SystemRandom()


def free_port() -> int:
    """A port on which nothing listens; nobody who asks the kernel for any port is given it meanwhile."""
    while True:
        port = chance.randrange(LOWEST, given_by_kernel()) if given_by_kernel() > LOWEST else 0
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])


@cache
def given_by_kernel() -> int:
    """The first port of those that the kernel gives to connections and to servers that ask for any."""
    try:
        return int(RANGE.read_text().split()[0])
    except OSError:
        return 0
