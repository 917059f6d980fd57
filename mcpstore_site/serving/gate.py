"""The web process starts beside the preparation of the data, and goes on to serve when that is done.

Both take seconds: it imports what the pages need while tables are made. Between them is a pair of sockets:
the web process says that it has everything, `up` that the data is ready. If `up` ends instead, so does it.
"""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from typing import Any

from mcpstore_site.serving.supervision import Child

PATIENCE = 30.0


class EarlyChild:
    """A child that waits at the gate."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._end, inherited = socket.socketpair()
        number = inherited.fileno()
        argv, fds = [*spec["argv"], "--gate", str(number)], [*spec["pass_fds"], number]
        self._child = Child(**{**spec, "argv": argv, "pass_fds": fds})
        self._child.start()
        inherited.close()

    @property
    def pid(self) -> int:
        """0 when it has ended and must be started anew."""
        process = self._child.process
        return process.pid if process is not None and process.poll() is None else 0

    def wait(self) -> None:
        """Return when it has only to be let in, or has ended, or takes too long."""
        self._end.settimeout(PATIENCE)
        try:
            self._end.recv(1)
        except TimeoutError:
            return

    def open(self) -> None:
        try:
            self._end.sendall(b"!")
        except OSError:
            return

    def abandon(self) -> None:
        """End it before it has served anything."""
        self._end.close()
        self._child.send(signal.SIGKILL)
        if self._child.process is not None:
            self._child.process.wait()


def pass_through(fd: int) -> bool:
    """The child's side: say that everything is there, then wait; whether it may go on."""
    with socket.socket(fileno=fd) as end:
        with suppress(OSError):  # who lost patience has said that it may go on, and is no longer there
            end.sendall(b".")
        try:
            return end.recv(1) != b""
        except OSError:
            return False
