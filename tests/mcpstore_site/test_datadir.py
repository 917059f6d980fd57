"""Nobody but the console's own account reads what it keeps."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from mcpstore_site import datadir


@pytest.fixture(autouse=True)
def _careless_account() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def test_the_directory_is_made_private_whoever_made_it(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    for name in ("open", "new"):
        assert stat.S_IMODE(datadir.prepare(tmp_path / name).stat().st_mode) == 0o700


def test_the_database_and_what_sqlite_puts_beside_it_are_private(tmp_path: Path) -> None:
    path = datadir.private_database(tmp_path / "mcpstore.sqlite3")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        assert modes(tmp_path) == {f"mcpstore.sqlite3{end}": 0o600 for end in ("", "-wal", "-shm")}


def test_a_database_that_was_readable_is_closed_to_others_with_its_rows_left(tmp_path: Path) -> None:
    path = tmp_path / "mcpstore.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        assert modes(tmp_path)["mcpstore.sqlite3-wal"] & 0o077
        datadir.private_database(path)
        assert set(modes(tmp_path).values()) == {0o600}
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]


@pytest.mark.parametrize("content", [b"", b" \n"], ids=["empty", "blank"])
def test_an_empty_signing_key_is_made_anew_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "django.key").write_bytes(content)
    made = datadir.secret_key(tmp_path)
    assert len(made) >= 50
    assert datadir.secret_key(tmp_path) == made == (tmp_path / "django.key").read_text()
    assert modes(tmp_path) == {"django.key": 0o600}
