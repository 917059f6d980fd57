"""Several real workers on one PostgreSQL database, each a process, and its rows seen from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.rows import dict_row

from lifecycle.core.timing.shares import SHARDS
from tests.support.console import INHERITED, eventually
from tests.support.tools import ROOT

FILL = """
import json
from pathlib import Path
from django.core.management import call_command
from django.utils import timezone
from lifecycle.policies import operations
from registry.services import register
call_command("migrate", verbosity=0)
who = {"by": "ann", "role": "admin", "now": timezone.now()}
results = register.register(json.loads(Path(%r).read_text()), limit=1 << 26, **who)
assert not [str(result.error) for result in results if result.error]
operations.change_profile("normal", {"health_check_interval": %r}, **who)
"""


class WorkerProcess:
    """`manage.py runlifecycle`; `name` is what it calls itself in the rows."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log, self.name = process, log, ""

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def output(self) -> str:
        return self.log.read_text(errors="replace")


class Cluster:
    """A data directory, a database, services, and workers that come and go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._home = tempfile.TemporaryDirectory(prefix="mcpstore-cluster-")
        self.home = Path(self._home.name)
        self.workers: list[WorkerProcess] = []
        self._rows = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        self._document = self.home / "given.json"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
                worker.process.kill()
            worker.process.wait()
        self._rows.close()
        self._home.cleanup()

    def environment(self, url: str = "") -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        data = {"MCPSTORE_DATA_DIR": str(self.home / "data"), "DATABASE_URL": url or self.url}
        return {**inherited, **data, "PYTHONUNBUFFERED": "1"}

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def fill(self, entries: dict[str, Any], check_every: float) -> None:
        """Make the tables, register services, and have each checked so often."""
        self._document.write_text(json.dumps({"mcpServers": entries}))
        self.manage("shell", "--verbosity", "0", "-c", FILL % (str(self._document), check_every))

    def through(self, port: int) -> str:
        """The address of the same database through a proxy on *port*."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))

    def start(self, *urls: str) -> list[WorkerProcess]:
        """Start a worker for each address of the database; they are there when the rows say so."""
        started = [self._begin(url) for url in urls or [self.url]]
        for worker in started:
            worker.name = eventually(partial(self._name_of, worker.process.pid), "the worker is known", 120)
        return started

    def _begin(self, url: str) -> WorkerProcess:
        log = self.home / f"worker-{len(self.workers)}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "runlifecycle"],
                cwd=ROOT,
                env=self.environment(url),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = WorkerProcess(process, log)
        self.workers.append(worker)
        return worker

    def _name_of(self, pid: int) -> str:
        found = self.rows("SELECT name FROM lifecycle_workerseen WHERE pid = %s AND stopped_at IS NULL", pid)
        return str(found[0]["name"]) if found else ""

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return self._rows.execute(sql.encode(), values).fetchall()

    def execute(self, sql: str, *values: Any) -> None:
        self._rows.execute(sql.encode(), values)

    def shares(self) -> dict[str, int]:
        """How many shards each worker holds by the rows; nobody's are under the empty name."""
        sql = "SELECT worker, count(*) AS n FROM lifecycle_lease WHERE shard < %s GROUP BY worker"
        return {row["worker"]: row["n"] for row in self.rows(sql, SHARDS)}

    def wait_for_shares(self, shares: dict[str, int], seconds: float = 20) -> None:
        try:
            eventually(lambda: self.shares() == shares, f"the shards are shared so: {shares}", seconds, 0.1)
        except AssertionError as problem:
            logs = "\n".join(f"--- {one.name}\n{one.output()[-2500:]}" for one in self.workers)
            raise AssertionError(f"{problem}; they are {self.shares()}\n{logs}") from None

    def states(self) -> set[str]:
        return {row["state"] for row in self.rows("SELECT DISTINCT state FROM lifecycle_servicestate")}

    def checked_by(self) -> dict[str, str]:
        """Which worker holds each service by its lease."""
        sql = """SELECT s.name, l.worker FROM registry_service s
                 JOIN lifecycle_lease l ON l.shard = s.id %% %s"""
        return {row["name"]: row["worker"] for row in self.rows(sql, SHARDS)}
