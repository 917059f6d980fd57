"""A new SQLite database gets its tables at once, and they are those that the migrations make."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from mcpstore_site.sqlite3 import new
from mcpstore_site.sqlite3.base import DatabaseWrapper
from tests.support.tools import ROOT


@pytest.fixture
def database(tmp_path: Path) -> Iterator[BaseDatabaseWrapper]:
    """An empty file of its own."""
    given = {**connections["default"].settings_dict, "ENGINE": "mcpstore_site.sqlite3"}
    made = DatabaseWrapper({**given, "NAME": tmp_path / "new.sqlite3"}, "new")
    connections["new"] = made
    yield made
    made.close()
    del connections["new"]


def test_the_file_is_what_all_migrations_make() -> None:
    command = [sys.executable, "-m", "scripts.new_database", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db
def test_nothing_is_left_to_migrate(database: BaseDatabaseWrapper) -> None:
    assert new.make(database)
    executor = MigrationExecutor(database)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    wanted = json.loads(new.FILE.read_text())
    assert json.loads(json.dumps(new.description(database))) == wanted
    assert not new.make(database)


@pytest.mark.django_db
def test_a_file_for_other_packages_is_left_alone(
    database: BaseDatabaseWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = json.loads(new.FILE.read_text())
    wanted["migrations"].append(["account", "9999_of_a_newer_release"])
    other = tmp_path / "new.json"
    other.write_text(json.dumps(wanted))
    monkeypatch.setattr(new, "FILE", other)
    assert not new.make(database)
    assert database.introspection.table_names() == []


@pytest.mark.django_db
def test_what_the_file_lacks_is_migrated(
    database: BaseDatabaseWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between a new migration and the new file."""
    wanted = json.loads(new.FILE.read_text())
    sessions = [statement for statement in wanted["schema"] if "django_session" in statement]
    wanted["migrations"].remove(["sessions", "0001_initial"])
    wanted["schema"] = [statement for statement in wanted["schema"] if statement not in sessions]
    other = tmp_path / "new.json"
    other.write_text(json.dumps(wanted))
    monkeypatch.setattr(new, "FILE", other)
    call_command("migrate", database="new", verbosity=0)
    assert "django_session" in database.introspection.table_names()
