"""The tables of a new SQLite database, all at once: some eighty migrations take a hundred times as long.

`new.json` holds what they make of an empty file. `python -m scripts.new_database` writes it, and a test says
where that was forgotten; even then nothing is wrong, for what it lacks is migrated as in any other database.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

FILE = Path(__file__).with_name("new.json")
FILLED = ("django_content_type", "auth_permission", "registry_audithead")
"""Tables in which migrations leave rows, beside the one that counts the migrations."""
NOTED = "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)"


def make(connection: BaseDatabaseWrapper) -> bool:
    """Make all tables where there is none yet, in one transaction; whether they were made."""
    if connection.vendor != "sqlite" or connection.introspection.table_names():
        return False
    wanted = json.loads(FILE.read_text(encoding="utf-8"))
    if not {tuple(one) for one in wanted["migrations"]} <= set(MigrationLoader(None).disk_migrations):
        return False  # made for other releases of the packages than are installed
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            return False  # another process was faster
        for statement in wanted["schema"]:
            cursor.execute(statement)
        cursor.executemany(NOTED, [(*one, timezone.now()) for one in wanted["migrations"]])
        for table, rows in wanted["rows"].items():
            places = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - our own file
    return True


def description(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """What makes an empty database as this one; of its rows those of `FILLED`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%%'"
        )
        made = cursor.fetchall()
        virtual = tuple(f"{name}_" for name, sql in made if sql.startswith("CREATE VIRTUAL"))
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        migrations = cursor.fetchall()
        rows = {}
        for table in FILLED:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - a constant
            rows[table] = cursor.fetchall()
    schema = [sql for name, sql in made if not (virtual and name.startswith(virtual))]
    return {"migrations": migrations, "schema": schema, "rows": rows}
