"""The tables of an empty console, made by all migrations once, and copied by whoever needs some."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.support.console import Console
from tests.support.postgres import at, drop_database
from tests.support.tools import ROOT, TOOLS

KEPT = TOOLS / "tables"
A_DAY = 24 * 60 * 60
THERE = "SELECT 1 FROM pg_database WHERE datname = %s"


def digest() -> str:
    """What the tables come from: each migration, ours and Django's, and the SQLite that keeps them."""
    made_of = hashlib.sha256(f"{django.VERSION} {sqlite3.sqlite_version}".encode())
    django_s = Path(django.__file__).parent.glob("contrib/*/migrations/*.py")
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *django_s]):
        made_of.update(path.name.encode() + b"\0" + path.read_bytes())
    return made_of.hexdigest()[:16]


def sqlite_file() -> Path:
    """A SQLite file to copy; it stays for later runs until a migration changes."""
    place = KEPT / f"{digest()}.sqlite3"
    with _one_at_a_time(), tempfile.TemporaryDirectory(prefix="mcpstore-tables-") as home:
        if not place.exists():
            _migrate(Path(home))
            for old in KEPT.glob("*.sqlite3"):
                if old.stat().st_mtime < time.time() - A_DAY:
                    old.unlink()
            new = shutil.copy(Path(home, "data", "mcpstore.sqlite3"), f"{place}.new")
            Path(new).rename(place)
    return place


def postgres_template(server: str) -> str:
    """The name of a database on *server* to copy; nobody has a connection to it open."""
    name = f"mcpstore_tables_{digest()}"
    making = at(server, f"{name}_making")
    with _one_at_a_time(), psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute(THERE, [name]).fetchone():
            drop_database(server, making)
            connection.execute(f'CREATE DATABASE "{name}_making"'.encode())
            with tempfile.TemporaryDirectory(prefix="mcpstore-tables-") as home:
                _migrate(Path(home), DATABASE_URL=making)
            connection.execute(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"'.encode())
    return name


def copied_by_tests(connection: BaseDatabaseWrapper, server: str) -> None:
    """From now on Django makes its test database on *connection* as a copy; it still asks what is missing."""
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = postgres_template(server)
        return
    creation: Any = connection.creation
    creation._create_test_db = lambda *_: shutil.copy(sqlite_file(), creation._get_test_db_name())


def _migrate(home: Path, **environment: str) -> None:
    """As an operator does, in the data directory *home*/data."""
    console = Console(home / "data", environment)
    console.data_dir.mkdir(mode=0o700)
    console.manage("migrate", "--verbosity=0")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
