"""Keeps a few child processes running until it is told to stop. Standard library only: it stays small.

`manage.py up` becomes this program when everything is prepared; what it has started by then stays its child.
The children write to the same terminal.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

libc = ctypes.CDLL(None)
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_AFTER = 60.0


class Adopted:
    """As much of a Popen as is needed, for a child that was started before this program came."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._look(os.WNOHANG)

    def wait(self) -> int | None:
        return self._look(0)

    def _look(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # whoever started us has children forgotten: how it ended is not known
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


@dataclass
class Child:
    """One program to keep running. Those of a higher *order* are stopped after those of a lower one."""

    name: str
    argv: list[str]
    order: int = 0
    patience: float = 17.0
    pass_fds: list[int] = field(default_factory=list)
    pid: int = 0
    process: subprocess.Popen[bytes] | Adopted | None = None
    started_at: float = 0.0
    failures: int = 0
    due_at: float = 0.0

    def __post_init__(self) -> None:
        """With a *pid* it runs already."""
        self.started_at = time.monotonic()
        if self.pid:
            self.process = Adopted(self.pid)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.argv,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            # A group of its own: Ctrl-C reaches the supervisor alone, which then stops the others in order.
            process_group=0,
            preexec_fn=partial(_die_with, os.getpid()),
        )

    def look(self) -> None:
        """Start the child when it is due; when it has ended, say so and set when to start it again."""
        if self.process is None:
            if time.monotonic() >= self.due_at:
                self.start()
        elif self.process.poll() is not None:
            lived = time.monotonic() - self.started_at
            self.failures = 0 if lived > STEADY_AFTER else self.failures
            delay = min(FIRST_DELAY * 2**self.failures, LONGEST_DELAY)
            self.failures += 1
            self.due_at = time.monotonic() + delay
            wait = delay if delay < 1 else round(delay)
            say(f"{self.name} ended with code {self.process.returncode}; starting again in {wait} s")
            self.process = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: int) -> None:
        """Signal the child's whole group; one that is already gone is no error."""
        if self.process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def say(text: str) -> None:
    """One line on the terminal, which may be gone."""
    with contextlib.suppress(OSError):
        os.write(2, f"up: {text}\n".encode())


def _die_with(parent: int) -> None:
    """Have Linux kill this child when *parent* is gone, however it went; elsewhere there is no such call."""
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


class Supervisor:
    """Starts the children, starts again those that end, and stops all of them on a signal."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = children
        self.asked_to_stop = 0
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)

    def run(self) -> int:
        """Return 0 once everything has been stopped, 1 if something had to be killed."""
        for number in STOPPING:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        while not self.asked_to_stop:
            for child in self.children:
                child.look()
            self._doze(0.5)
        say("stopping")
        orders = sorted({child.order for child in self.children})
        return max([self._end([c for c in self.children if c.order == order]) for order in orders], default=0)

    def _stop(self, *_: object) -> None:
        self.asked_to_stop += 1

    def _doze(self, seconds: float) -> None:
        """Wait, but not longer than until the next signal."""
        if select.select([self._read_end], [], [], seconds)[0]:
            os.read(self._read_end, 4096)

    def _end(self, children: Sequence[Child]) -> int:
        """Ask, wait as long as the most patient allows, then kill. A second Ctrl-C ends the waiting."""
        for child in children:
            child.send(signal.SIGTERM)
        asked, deadline = self.asked_to_stop, time.monotonic() + max(child.patience for child in children)
        while any(c.running for c in children) and time.monotonic() < deadline:
            if self.asked_to_stop > asked:
                break
            self._doze(0.1)
        late = [child for child in children if child.running]
        for child in late:
            say(f"{child.name} does not stop; killing it")
            child.send(signal.SIGKILL)
        for child in late:
            assert child.process is not None
            child.process.wait()
        return 1 if late else 0


def hold_signals() -> None:
    """From now on what asks to stop waits until the supervisor is there, which can stop the children."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)


def become(children: Sequence[dict[str, object]]) -> None:
    """Replace this process by the supervisor of *children* (fields of `Child`); never returns."""
    sys.stdout.flush()
    sys.stderr.flush()
    # Isolated (-I): this file's directory is not a place to import from, and PYTHONPATH is the children's.
    os.execv(sys.executable, [sys.executable, "-I", __file__, json.dumps(children)])  # noqa: S606


if __name__ == "__main__":
    sys.exit(Supervisor([Child(**spec) for spec in json.loads(sys.argv[1])]).run())
