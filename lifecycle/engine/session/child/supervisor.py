"""Runs one stdio server and takes its whole process tree along when either side ends.

Started as a program by `process.py`, one per server; standard library only and few imports, since each one
stays in memory. Its own stdin, stdout and stderr are the server's; it talks with the worker over the socket
whose number is its only argument, so that no secret stands on a command line.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time

GRACE = 2.0
LAST_WAIT = 3.0
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"

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
            sys.exit(0)
        data += chunk
    config: dict[str, object] = json.loads(data)
    return config


def _become(config: dict[str, object], report: int, supervisor: int) -> None:
    """Turn this forked process into the server; on failure say at which stage, and why."""
    stage = "start"
    try:
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


def _spawn(config: dict[str, object]) -> tuple[int, list[object] | None]:
    """Start the server; the second value is its failure, if it could not be started."""
    reader, writer = os.pipe()
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(config, writer, supervisor)
    os.close(writer)
    with open(reader, "rb") as handle:  # noqa: PTH123 - a descriptor, not a path
        failure = handle.read()
    return pid, json.loads(failure) if failure else None


def _descendants() -> list[int]:
    """Every process below this one. Orphans among them come to us, for we are their subreaper."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs memory
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                with open(f"/proc/{name}/stat", "rb") as handle:  # noqa: PTH123
                    parent = int(handle.read().rpartition(b")")[2].split()[1])
                parents.setdefault(parent, []).append(int(name))
    found: list[int] = []
    todo = [os.getpid()]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found


class Supervisor:
    def __init__(self, control: int) -> None:
        self._control = control
        self._child = 0
        self._reaped_child = False
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)

    def _tell(self, **message: object) -> None:
        with contextlib.suppress(OSError):
            os.write(self._control, json.dumps(message).encode() + b"\n")

    def run(self, config: dict[str, object]) -> None:
        self._child, failure = _spawn(config)
        devnull = os.open(os.devnull, os.O_RDWR)
        # The worker must see the pipes end with the server, not with us.
        for descriptor in (0, 1, 2):
            os.dup2(devnull, descriptor)
        if failure is not None:
            self._tell(failure=failure)
            return
        self._tell(started=self._child)
        self._end(self._watch())

    def _watch(self) -> float:
        """Wait until the server exits or is to stop; return the seconds that its tree still has."""
        while not self._reaped_child:
            ready, _, _ = select.select([self._control, self._wake], [], [])
            if self._wake in ready and self._asked_by_signal():
                return GRACE
            if self._control in ready:
                order = b""
                with contextlib.suppress(OSError):
                    order = os.read(self._control, 4096)
                return 0.0 if b"kill" in order else GRACE
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
                    self._tell(exited=os.waitstatus_to_exitcode(status))
        except ChildProcessError:
            return False

    def _signal_all(self, number: int) -> None:
        targets = _descendants() if LINUX else [-self._child]
        for pid in targets:
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def _end(self, grace: float) -> None:
        """SIGTERM, *grace* seconds, then SIGKILL until nobody is left. An order to kill ends the grace."""
        deadline = time.monotonic() + grace
        if grace:
            self._signal_all(signal.SIGTERM)
            self._signal_all(signal.SIGCONT)
        while self._reap() and time.monotonic() < deadline:
            ready, _, _ = select.select([self._control], [], [], 0.01)
            if ready and b"kill" in self._order():
                break
        deadline = time.monotonic() + LAST_WAIT
        while self._reap() and time.monotonic() < deadline:
            self._signal_all(signal.SIGKILL)
            time.sleep(0.01)

    def _order(self) -> bytes:
        """What the worker says now; a worker that is gone says nothing, and slowly."""
        try:
            order = os.read(self._control, 4096)
        except OSError:
            order = b""
        if not order:
            time.sleep(0.01)
        return order


def _low(descriptor: int) -> int:
    """The same under the lowest free number; `select` takes none over 1,023, as a busy worker has them."""
    low = os.dup(descriptor)
    os.close(descriptor)
    return low


def main() -> None:
    control = _low(int(sys.argv[1]))
    config = _read_config(control)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The signal comes only for a parent that dies after it was asked for.
    if os.getppid() != config["parent"]:
        return
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    Supervisor(control).run(config)


if __name__ == "__main__":
    main()
