"""The socket that browsers connect to."""

from __future__ import annotations

import socket
from argparse import ArgumentTypeError


class PortTakenError(Exception):
    """The address cannot be listened on; the message says what to do."""


def port_number(text: str) -> int:
    """What was typed as a port; ArgumentTypeError if it is none."""
    if text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536:
        return int(text)
    raise ArgumentTypeError(f"{text[:20]} is not a port number. Give a whole number from 1 to 65535.")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that a child process may inherit; PortTakenError if another program has the port."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=4096)
    except OSError as exc:
        raise PortTakenError(
            f"Cannot listen on {host}:{port}: {exc.strerror or exc}. "
            "Stop the program that uses this port, or choose another one with --port or MCPSTORE_PORT."
        ) from None
    listener.set_inheritable(True)
    return listener
