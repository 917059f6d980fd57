"""The process from which this worker's supervisors are forked, as the worker sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from lifecycle.engine.session.child.marker import MARKER

PROGRAM = Path(__file__).with_name("supervisor.py")
END_WITHIN = 2.0
PAUSE = 0.005


class Nursery:
    """There from the first server on. One that is killed is replaced, and whom it has forked lives on."""

    def __init__(self, marker: str) -> None:
        self._marker = marker
        self._orders: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._handed: deque[tuple[int, ...]] = deque()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int:
        """Its number; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def hand_over(self, *descriptors: int) -> None:
        """Have a supervisor with a control socket, stdin, stdout and stderr, closed here; raises OSError."""
        try:
            self._send(descriptors)
        except OSError:
            _close(descriptors)
            raise
        # macOS may lose what is closed here before it has arrived there.
        self._handed.append(descriptors)

    def _send(self, descriptors: tuple[int, ...]) -> None:
        try:
            socket.send_fds(self._orders or self._begin(), [b"+"], descriptors)
        except ConnectionError:  # it was killed, and nobody has noticed yet
            self.let_go()
            socket.send_fds(self._begin(), [b"+"], descriptors)

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", str(PROGRAM), str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={MARKER: self._marker},
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        asyncio.get_running_loop().add_reader(ours, self._hear, ours)
        self._orders = ours
        return ours

    def _hear(self, orders: socket.socket) -> None:
        """It says a byte for each server that has arrived, and nothing more when it has ended."""
        said = b""
        with contextlib.suppress(ConnectionError):
            said = orders.recv(64)
        if not said:
            self.let_go()
        for _ in said:
            _close(self._handed.popleft())

    def let_go(self) -> None:
        """Have it end; the next server gets another."""
        if self._orders is None or self._process is None:
            return
        asyncio.get_running_loop().remove_reader(self._orders)
        self._orders.close()
        while self._handed:
            _close(self._handed.popleft())
        task = asyncio.create_task(_collect(self._process))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        self._orders = self._process = None

    async def aclose(self) -> None:
        """Have it end, and wait for that."""
        self.let_go()
        if self._ending:
            await asyncio.wait(self._ending)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


async def _collect(process: subprocess.Popen[bytes]) -> None:
    """See a process to its end, which its closed socket has told it."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + END_WITHIN
    while process.poll() is None:
        if loop.time() > latest:
            process.kill()
        await asyncio.sleep(PAUSE)
