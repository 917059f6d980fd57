"""Somebody may sign in from the first start on, with the password that was printed then."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from lifecycle.engine.leases.single_worker import AnotherWorkerError, OnlyWorker
from mcpstore_site.management.commands import up
from mcpstore_site.serving import preparation
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("beside", [True, False])
def test_the_printed_password_is_that_of_admin_and_is_given_once(beside: bool) -> None:
    """Whether it was made beside the migrations, or the tables were there without a user."""
    first = Future[tuple[str, str]]()
    first.set_result(preparation._first_password())
    password = preparation._admin(first if beside else None)
    assert password is not None
    assert len(password) >= 16
    admin = User.objects.get(username="admin")
    assert admin.check_password(password)
    assert (admin.is_active, admin.is_staff, admin.is_superuser) == (True, True, True)
    assert preparation._admin(first) is None


def test_only_a_database_without_tables_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not preparation._is_new()
    monkeypatch.setattr(connection.introspection, "table_names", lambda: [])
    assert preparation._is_new()


def test_an_empty_database_beside_a_used_key_says_that_users_are_gone(tmp_path: Path) -> None:
    (tmp_path / "mcpstore.sqlite3").touch(0o600)
    key, program = tmp_path / "secrets.key", "from mcpstore_site.serving.preparation import began_anew as b;"
    program += f"import pathlib as p; print(b()); p.Path({str(key)!r}).write_text('key'); print(b())"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", program],
        env={**os.environ, "MCPSTORE_DATA_DIR": str(tmp_path)},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["False", "True"]
    assert "all users, the history" in up.BEGAN_ANEW


def test_two_data_directories_on_one_database_have_one_console_and_one_worker(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, link = tmp_path / "one.sqlite3", tmp_path / "link.sqlite3"
    database.touch()
    link.symlink_to(database)
    for number, name in enumerate((database, link)):
        settings.DATA_DIR = tmp_path / str(number)
        settings.DATA_DIR.mkdir()
        monkeypatch.setitem(connection.settings_dict, "NAME", str(name))
        if number == 0:
            first = OnlyWorker()
            first.__enter__()
            preparation.lock_data_directory()
        else:
            with pytest.raises(AnotherWorkerError, match="SQLite has room for one"):
                OnlyWorker().__enter__()
            with pytest.raises(preparation.AlreadyRunningError, match=r"with the database .*link\.sqlite3"):
                preparation.lock_data_directory()
    first.__exit__(None, None, None)
    with OnlyWorker():
        pass
