"""A place of its own for one measurement: data directory, processes, ports; all of it ends with the block."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psutil

ROOT = Path(__file__).resolve().parents[3]
FROM_OUTSIDE = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DEMO")
NO_PROXY = build_opener(ProxyHandler({}))
PATIENCE = 20.0

Found = TypeVar("Found")


class BenchmarkError(Exception):
    """The measurement could not be made; the text says why."""


class Clock:
    """CPU seconds and memory of processes, children not included."""

    def __init__(self, *pids: int) -> None:
        self._processes = [psutil.Process(pid) for pid in pids]
        self._cpu, self._at = self.cpu(), time.monotonic()

    def cpu(self) -> float:
        """Seconds of CPU that they have used so far."""
        times = [process.cpu_times() for process in self._processes]
        return sum(one.user + one.system for one in times)

    def used(self) -> tuple[float, float]:
        """Seconds of CPU, and seconds, since this was made."""
        return self.cpu() - self._cpu, time.monotonic() - self._at

    def share(self) -> float:
        """Per cent of one core since this was made."""
        cpu, seconds = self.used()
        return 100 * cpu / seconds

    def megabytes(self) -> float:
        """Resident memory of all, pages that they share counted for each."""
        return float(sum(process.memory_info().rss for process in self._processes)) / 1e6


class Scratch:
    """`with Scratch() as scratch`: start programs on an empty database; everything is gone afterwards.

    With *root* they are those of another checkout, in its own environment if it has one.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        own = root / ".venv" / "bin" / "python"
        self.python = str(own) if root != ROOT and own.exists() else sys.executable
        self.manage = ["manage.py"] if (root / "manage.py").exists() else ["-m", "mcpstore_site"]
        self.place = Path(tempfile.mkdtemp(prefix="mcpstore-benchmark-"))
        self.data = self.place / "data"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
        kept = {name: value for name, value in inherited.items() if not name.startswith("MCPSTORE_")}
        self.environment = {
            **kept,
            "MCPSTORE_DATA_DIR": str(self.data),
            "MCPSTORE_REST_LIMIT": "0",
            "MCPSTORE_PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
            "PYTHONPATH": str(root),
        }
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            self.end(process)
        shutil.rmtree(self.place, ignore_errors=True)

    # -- programs

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start Python with these arguments; what it says on stderr is kept in a file."""
        with (self.place / "log").open("a") as log:
            process = subprocess.Popen(
                [self.python, *command],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._started.append(process)
        return process

    def program(self, name: str, *arguments: object) -> subprocess.Popen[str]:
        """Start one of this package's programs."""
        return self.start("-m", f"mcpstore_site.benchmarks.support.{name}", *map(str, arguments))

    def run(self, *command: str, limit: float = 300) -> str:
        """Run Python to its end; what it printed."""
        process = self.start(*command)
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"{' '.join(command)}: not done within {limit:g} s") from None
        if process.returncode:
            raise BenchmarkError(f"{' '.join(command)}: code {process.returncode}\n{self.log()[-3000:]}")
        return said

    def do(self, name: str, *arguments: object, limit: float = 300) -> str:
        """Run one of this package's programs to its end."""
        return self.run("-m", self.module(name), *map(str, arguments), limit=limit)

    def module(self, name: str) -> str:
        """Where the measured checkout has the program: before there were rooms, beside the measurements."""
        package = "mcpstore_site.benchmarks"
        inside = self.root.joinpath(*package.split("."), "support", f"{name}.py").exists()
        return f"{package}.support.{name}" if inside else f"{package}.{name}"

    def web(self) -> subprocess.Popen[str]:
        """The web process alone, once it answers."""
        process = self.start(*self.manage, "serve")
        self.until_page("/healthz")
        return process

    def worker(self) -> subprocess.Popen[str]:
        return self.start(*self.manage, "runlifecycle")

    def kill(self, process: subprocess.Popen[str]) -> None:
        """As a crash would: every connection of it breaks at once."""
        self._started.remove(process)
        process.kill()
        process.communicate()

    def end(self, process: subprocess.Popen[str]) -> None:
        """As Ctrl-C would; by force if that takes too long."""
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def log(self) -> str:
        """What all of them wrote to stderr."""
        path = self.place / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # -- looking

    def until(self, look: Callable[[], Found], what: str, limit: float = 60, pause: float = 0.05) -> Found:
        """Look again and again until something true comes back; BenchmarkError if none of it does."""
        end = time.monotonic() + limit
        while not (found := look()):
            dead = [process for process in self._started if process.poll()]
            if dead or time.monotonic() > end:
                why = "a process ended" if dead else f"not within {limit:g} s"
                raise BenchmarkError(f"{what}: {why}; last seen {found!r}\n{self.log()[-3000:]}")
            time.sleep(pause)
        return found

    def until_page(self, path: str, limit: float = 60) -> None:
        """Until the console answers at *path*."""
        self.until(lambda: _answers(self.address + path), f"{path} answers", limit, 0.02)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database from outside, without touching it."""
        place = f"file:{self.data / 'mcpstore.sqlite3'}?mode=ro"
        with contextlib.closing(sqlite3.connect(place, uri=True, timeout=20)) as connection:
            return connection.execute(sql, values).fetchall()

    def number(self, sql: str, *values: Any) -> float:
        """The first value of the first row; 0 without one."""
        found = self.rows(sql, *values)
        return float(found[0][0] or 0) if found else 0.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said_first(process: subprocess.Popen[str]) -> str:
    """The first line that a program prints."""
    if process.stdout is None or not (line := process.stdout.readline()):
        raise BenchmarkError("a program of the benchmark ended before it said anything")
    return line.strip()


def _answers(url: str) -> bool:
    try:
        with NO_PROXY.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def names(count: int, prefix: str = "service") -> Sequence[str]:
    """Names of services, in order."""
    return [f"{prefix}-{number:05}" for number in range(count)]
