"""Runs stdio servers, and takes the whole process tree of one along when it ends or the worker does.

Started as a program by `nursery.py`, once for a worker. This first process, the nursery, only forks: a
supervisor for each server, so that Python and its modules are in memory once. For each it gets a byte over
its stdin, and with it a control socket and the server's stdin, stdout and stderr. The rest is said over the
control socket: no secret stands on a command line or stays in the nursery. A nursery that is killed takes
nobody along. Standard library only, and few imports.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence

GRACE = 2.0
LAST_WAIT = 3.0
HANDED_OVER = 4
AT_MOST = 3
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"
LISTED = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110 - pathlib costs memory

if LINUX:
    import ctypes

    _libc = ctypes.CDLL(None)


def _prctl(option: int, value: int) -> None:
    if LINUX:
        _libc.prctl(option, value, 0, 0, 0)


def _read_config(control: int) -> dict[str, object]:
    data = b""
    while not data.endswith(b"\n"):
        chunk = os.read(control, 65536)
        if not chunk:
            os._exit(0)
        data += chunk
    config: dict[str, object] = json.loads(data)
    return config


def _become(config: dict[str, object], streams: Sequence[int], report: int, supervisor: int) -> None:
    """Turn this forked process into the server; on failure say at which stage, and why."""
    stage = "start"
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(0)
        # Python ignores these two, and what is ignored stays so in the new program.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if config["cwd"]:
            stage = "cwd"
            os.chdir(str(config["cwd"]))
        stage = "command"
        args = [str(arg) for arg in config["args"]]  # type: ignore[attr-defined]
        env = {str(key): str(value) for key, value in config["env"].items()}  # type: ignore[attr-defined]
        os.execvpe(str(config["command"]), [str(config["command"]), *args], env)  # noqa: S606
    except OSError as exc:
        os.write(report, json.dumps([stage, exc.errno, exc.strerror]).encode())
    except ValueError as exc:
        os.write(report, json.dumps([stage, 0, str(exc)]).encode())
    finally:
        os._exit(127)


def _spawn(config: dict[str, object], streams: Sequence[int]) -> tuple[int, list[object] | None]:
    """Start the server; the second value is its failure, if it could not be started."""
    reader, writer = os.pipe()
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(config, streams, writer, supervisor)
    os.close(writer)
    with open(reader, "rb") as handle:  # noqa: PTH123 - a descriptor, not a path
        failure = handle.read()
    return pid, json.loads(failure) if failure else None


def _descendants() -> list[int]:
    """Every process below this one. Orphans among them come to us, for we are their subreaper."""
    parents = {} if LISTED else _parents()
    found: list[int] = []
    todo = [os.getpid()]
    while todo:
        pid = todo.pop()
        below = _children(pid) if LISTED else parents.get(pid, [])
        found += below
        todo += below
    return found


def _children(pid: int) -> list[int]:
    """As the kernel lists them, for each thread that started some."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as handle:  # noqa: PTH123
                found += map(int, handle.read().split())
    return found


def _parents() -> dict[int, list[int]]:
    """The children of each process, read from all that there are, which takes long where there are many."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs memory
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                with open(f"/proc/{name}/stat", "rb") as handle:  # noqa: PTH123
                    parent = int(handle.read().rpartition(b")")[2].split()[1])
                parents.setdefault(parent, []).append(int(name))
    return parents


def _tell(control: int, **message: object) -> None:
    with contextlib.suppress(OSError):
        os.write(control, json.dumps(message).encode() + b"\n")


class Supervisor:
    """Of one server. *life*, where the system has such a thing, can be read when the worker has ended."""

    def __init__(self, control: int, life: int | None) -> None:
        self._control = control
        self._news = [control] if life is None else [control, life]
        self._talking = [control]
        self._child = 0
        self._reaped_child = False
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)

    def run(self, streams: Sequence[int]) -> None:
        _tell(self._control, supervisor=os.getpid())
        self._child, failure = _spawn(_read_config(self._control), streams)
        # The worker must see the pipes end with the server, not with us.
        for stream in streams:
            os.close(stream)
        if failure is not None:
            _tell(self._control, failure=failure)
            return
        _tell(self._control, started=self._child)
        self._end(self._watch())

    def _watch(self) -> float:
        """Wait until the server exits or is to stop; return the seconds that its tree still has."""
        while not self._reaped_child:
            ready, _, _ = select.select([*self._news, self._wake], [], [])
            if self._wake in ready and self._asked_by_signal():
                return GRACE
            if self._control in ready:
                order = b""
                with contextlib.suppress(OSError):
                    order = os.read(self._control, 4096)
                return 0.0 if b"kill" in order else GRACE
            if any(news in ready for news in self._news):
                return GRACE
            self._reap()
        return GRACE

    def _asked_by_signal(self) -> bool:
        numbers: bytes = b""
        with contextlib.suppress(BlockingIOError):
            numbers = os.read(self._wake, 4096)
        return any(number != signal.SIGCHLD for number in numbers)

    def _reap(self) -> bool:
        """Collect the dead; False when nobody is left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self._child:
                    self._reaped_child = True
                    _tell(self._control, exited=os.waitstatus_to_exitcode(status))
        except ChildProcessError:
            return False

    def _signal_all(self, *numbers: int) -> None:
        """Each process once; again for those that have come or were overlooked meanwhile."""
        done: set[int] = set()
        for _ in range(AT_MOST):
            fresh = set(_descendants() if LINUX else [-self._child]) - done
            for pid in fresh:
                with contextlib.suppress(OSError):
                    for number in numbers:
                        os.kill(pid, number)
            done |= fresh
            if not fresh:
                return

    def _end(self, grace: float) -> None:
        """SIGTERM, *grace* seconds, then SIGKILL until nobody is left. An order to kill ends the grace."""
        deadline = time.monotonic() + grace
        if grace:
            self._signal_all(signal.SIGTERM, signal.SIGCONT)
        while self._reap() and (left := deadline - time.monotonic()) > 0:
            if b"kill" in self._wait(left):
                break
        deadline = time.monotonic() + LAST_WAIT
        while self._reap() and time.monotonic() < deadline:
            self._signal_all(signal.SIGKILL)
            self._wait(0.01)

    def _wait(self, seconds: float) -> bytes:
        """Until a process ends or the worker says something: that. A worker that is gone says nothing."""
        ready, _, _ = select.select([self._wake, *self._talking], [], [], seconds)
        if self._wake in ready:
            self._asked_by_signal()
        if self._control not in ready:
            return b""
        order = b""
        with contextlib.suppress(OSError):
            order = os.read(self._control, 4096)
        if not order:
            self._talking = []
        return order


class Nursery:
    """Forks a supervisor for each byte that comes over *orders*, until its other end is closed."""

    def __init__(self, orders: socket.socket, worker: int) -> None:
        self._orders = orders
        self._life = _life_of(worker)

    def run(self) -> None:
        # Nobody asks how a supervisor ended.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        gc.collect()
        # What is frozen, no collection looks at: its pages stay shared.
        gc.freeze()
        while handed := self._next():
            self._fork(handed)
            for descriptor in handed:
                os.close(descriptor)

    def _next(self) -> list[int]:
        """The descriptors of the next server; none at the end."""
        numbers = array.array("i", [0] * HANDED_OVER)
        data, control, _, _ = self._orders.recvmsg(1, socket.CMSG_SPACE(len(numbers.tobytes())))
        handed = array.array("i", b"".join(one for _, _, one in control)) if data else array.array("i")
        for descriptor in handed:
            os.set_inheritable(descriptor, False)
        if handed:
            self._orders.send(b"+")
        return list(handed)

    def _fork(self, handed: list[int]) -> None:
        nursery = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            _tell(handed[0], failure=["supervisor", exc.errno, exc.strerror])
            return
        if pid == 0:
            try:
                self._orders.close()
                self._supervise(handed, nursery)
            finally:
                os._exit(0)

    def _supervise(self, handed: list[int], nursery: int) -> None:
        control, *streams = handed
        os.setsid()
        if self._life is None:
            # What the worker's end tells here is the end of the nursery, which then has one itself.
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != nursery:
                return
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        Supervisor(control, self._life).run(streams)


def _life_of(worker: int) -> int | None:
    """Can be read when the worker has ended, even if its sockets stay open; None where nobody tells."""
    try:
        return os.pidfd_open(worker)
    except (AttributeError, OSError):
        return None


def main() -> None:
    worker = int(sys.argv[1])
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    nursery = Nursery(socket.socket(fileno=0), worker)
    # The signal comes only for a parent that dies after it was asked for; until then its number is its own.
    if os.getppid() == worker:
        nursery.run()


if __name__ == "__main__":
    main()
