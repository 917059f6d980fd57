"""Ports of this machine that nobody uses yet."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port that was free a moment ago; another process may take it, so start soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
