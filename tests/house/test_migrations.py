"""A new database is made in one step for each app; one that was made step by step is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.tools import ROOT

MIGRATED = """
import json, sys
import django; django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

asked = [tuple(target.split(".")) for target in sys.argv[1:]]
if asked:
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    whole = set(executor.loader.replacements)
    graph = executor.loader.graph
    last = [node for node in graph.leaf_nodes() if node not in whole]
    executor.migrate(last if asked == [("all",)] else asked)
call_command("migrate", verbosity=0)
assert not MigrationExecutor(connection).migration_plan(MigrationLoader(connection).graph.leaf_nodes())

def without_a_name(name):  # some names on SQLite only count
    return "" if name.startswith(("fk_", "__unnamed")) else name

tables = {}
with connection.cursor() as cursor:
    for table in connection.introspection.table_names(cursor):
        columns = connection.introspection.get_table_description(cursor, table)
        constraints = connection.introspection.get_constraints(cursor, table)
        described = [[c.name, c.type_code, c.display_size, c.null_ok, c.default] for c in columns]
        held = [[without_a_name(name), sorted(c.items(), key=str)] for name, c in constraints.items()]
        tables[table] = [sorted(map(str, described)), sorted(map(str, held))]
    if connection.vendor == "sqlite":
        cursor.execute("SELECT type, name, tbl_name FROM sqlite_master WHERE type != 'table' ORDER BY 1, 2")
    else:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
    # PostgreSQL writes a list of texts in two ways, as the column was made or came to be of its length.
    meant = str.maketrans("", "", "()[]")
    casts = ("::text", "::character varying")
    rows = [str(row).translate(meant) for row in cursor.fetchall()]
    tables["others"] = [row.replace(casts[0], "").replace(casts[1], "") for row in rows]
print(json.dumps(tables))
"""


def migrated(data_dir: Path, *first: str, **environment: str) -> dict[str, Any]:
    """The tables after `migrate`, for which a database was brought to *first* step by step before."""
    done = subprocess.run(
        [sys.executable, "-c", MIGRATED, *first],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
            "MCPSTORE_DATA_DIR": str(data_dir),
            **environment,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert len(found) > 40
    return found


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return migrated(tmp_path_factory.mktemp("new"))


@pytest.mark.parametrize(
    "first",
    [
        ("all",),
        ("registry.0001_initial",),
        ("registry.0006_contracts", "lifecycle.0009_batches"),
        ("registry.0009_unused_secrets", "lifecycle.0015_mass_failures"),
    ],
)
def test_a_database_that_was_made_step_by_step_is_the_same(
    tmp_path: Path, new: dict[str, Any], first: tuple[str, ...]
) -> None:
    assert migrated(tmp_path, *first) == new


def test_so_it_is_on_postgresql(tmp_path: Path, postgres_server: str) -> None:
    from tests.support.postgres import drop_database, new_database

    found = []
    for first in ((), ("all",)):
        url = new_database(postgres_server)
        found.append(migrated(tmp_path, *first, DATABASE_URL=url))
        drop_database(postgres_server, url)
    assert "xid" in str(found[0]["lifecycle_feeditem"])
    assert found[0] == found[1]
