"""A whole real console as a child process, and ways to ask it things from outside."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx2
import psutil

from tests.support.ports import free_port
from tests.support.tools import ROOT

Found = TypeVar("Found")
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "CI")


class ConsoleStarter(Protocol):
    def __call__(self, data_dir: Path | None = None, **environment: str) -> Console: ...


def eventually(look: Callable[[], Found], what: str, seconds: float = 15, pause: float = 0.05) -> Found:
    """Look again and again until something true comes back; fail with *what* was awaited."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {found!r}")
        time.sleep(pause)
    return found


class Console:
    """`manage.py up` in a data directory of its own; `start()` and `stop()` may alternate.

    With another *command* it is one more process on the data of a console that runs already. *program* is
    `manage.py` or what stands for it, run in the folder *place*.
    """

    def __init__(
        self,
        data_dir: Path,
        environment: dict[str, str] | None = None,
        command: str = "up",
        program: Sequence[str] = (sys.executable, "manage.py"),
        place: Path = ROOT,
    ) -> None:
        self.program, self.place = program, place
        self.data_dir, self.port, self.command = data_dir, free_port(), command
        self.address = f"http://127.0.0.1:{self.port}"
        self.password = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data_dir.with_name(data_dir.name + ".log")
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.environment = {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "MCPSTORE_DATA_DIR": str(data_dir),
            "MCPSTORE_PORT": str(self.port),
            "MCPSTORE_EGRESS_ALLOW": "127.0.0.0/8",
            **(environment or {}),
        }
        self._api: httpx2.Client | None = None

    def start(self, seconds: float = 60) -> None:
        """Return when it is ready: database there, worker seen."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, self.command],
                cwd=self.place,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(self.is_ready, f"the console is ready\n{self.output()[-4000:]}", seconds)
        for line in self.output().splitlines():
            if line.startswith("Password: "):
                self.password = line.removeprefix("Password: ").strip()

    def is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"the console ended by itself:\n{self.output()[-4000:]}")
        try:
            return httpx2.get(f"{self.address}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    def output(self) -> str:
        """All that `up`, the web process and the worker have printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self, seconds: float = 30) -> int | None:
        """End it as Ctrl-C or a service manager would; the exit code, or None if it had to be killed."""
        if self._api is not None:
            self._api.close()
            self._api = None
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def discard(self) -> None:
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    # Its processes

    def processes(self) -> list[psutil.Process]:
        """`up` and everything below it."""
        if self.process is None:
            return []
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def process_running(self, command: str) -> psutil.Process | None:
        """The process of `manage.py` that runs *command*."""
        for process in self.processes():
            try:
                if command in process.cmdline() and "manage.py" in " ".join(process.cmdline()):
                    return process
            except psutil.NoSuchProcess:
                continue
        return None

    def worker(self) -> psutil.Process:
        found = eventually(lambda: self.process_running("runlifecycle"), "a worker runs")
        assert found is not None
        return found

    # Its command line, its REST interface, its rows

    def manage(
        self, *arguments: str, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run `manage.py …` beside it, on the same data."""
        command = [*self.program, *arguments]
        done = subprocess.run(
            command, cwd=self.place, env=self.environment, input=stdin, capture_output=True, text=True
        )
        assert not check or done.returncode == 0, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    @property
    def api(self) -> httpx2.Client:
        """A client of /api/v1/ with an admin's token; addresses are relative: `services`."""
        if self._api is None:
            token = self.manage("apitoken", "admin", "--role", "admin", "--skip-checks").stdout.split()[-1]
            self._api = self.client(token)
        return self._api

    def take_token(self, token: str) -> None:
        """Use this one for `api`, and spare the time of making another."""
        self._api = self.client(token)

    def client(self, token: str) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base = f"{self.address}/api/v1/"
        return httpx2.Client(base_url=base, headers=headers, timeout=60, trust_env=False)

    def python(self, code: str) -> str:
        """Run Python with Django set up on its data; what it printed."""
        return self.manage("shell", "--verbosity", "0", "-c", code).stdout

    def register(self, **entries: dict[str, Any]) -> None:
        """Register entries as a person's mcp.json would; all of them must be taken."""
        answer = self.api.post("services", json={"mcpServers": entries})
        assert answer.status_code == 200, answer.text
        outcomes = {result["name"]: result["outcome"] for result in answer.json()["results"]}
        assert set(outcomes.values()) <= {"created", "updated", "unchanged"}, answer.text

    def service(self, name: str) -> dict[str, Any]:
        answer = self.api.get(f"services/{name}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait_for(self, name: str, *states: str, seconds: float = 30) -> dict[str, Any]:
        """Wait until the service is in one of *states*; its REST answer."""

        def look() -> dict[str, Any] | None:
            found = self.service(name)
            return found if found["state"] in states else None

        try:
            found = eventually(look, f"{name} is {' or '.join(states)}", seconds)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.service(name)}\n{self.output()[-3000:]}") from None
        assert found is not None
        return found

    def call(self, name: str, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = self.api.post(f"services/{name}/tools/{tool}/call", json={"arguments": arguments})
        assert answer.status_code == 200, answer.text
        outcome: dict[str, Any] = answer.json()
        return outcome

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Read its SQLite database from outside, without touching it."""
        place = f"file:{self.data_dir / 'mcpstore.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]


MARK = "TEST_MARK"


def processes_marked(mark: str) -> list[psutil.Process]:
    """Every living process that has TEST_MARK=*mark* in its environment, as all descendants of one have."""
    found = []
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(psutil.Error, OSError):
            if process.info["status"] != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process)
    return found
