"""Django's `migrate`; the tables of a new SQLite database come at once, and nothing to do takes no time."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from mcpstore_site.sqlite3 import new

OTHERS = ("app_label", "migration_name", "check_unapplied", "plan", "prune", "fake", "fake_initial")


class Command(migrate.Command):
    """With no arguments that ask for something else."""

    def handle(self, *args: Any, **options: Any) -> None:
        if not any(options.get(name) for name in OTHERS):
            connection = connections[options["database"]]
            connection.prepare_database()
            new.make(connection)
            executor = MigrationExecutor(connection)
            if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
                self._say(options["verbosity"])
                return
        super().handle(*args, **options)

    def _say(self, verbosity: int) -> None:
        if verbosity:
            self.stdout.write("All migrations are applied.")
