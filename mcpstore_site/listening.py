"""The socket that browsers connect to."""

from __future__ import annotations

import socket


class PortTakenError(Exception):
    """The address cannot be listened on; the message says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that a child process may inherit; PortTakenError if another program has the port."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=512)
    except OSError as exc:
        raise PortTakenError(
            f"Cannot listen on {host}:{port}: {exc.strerror or exc}. "
            "Stop the program that uses this port, or choose another one with --port or MCPSTORE_PORT."
        ) from None
    listener.set_inheritable(True)
    return listener
