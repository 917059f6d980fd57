"""A console is not started on the tables of a newer one."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from mcpstore_site.serving import preparation
from registry.installation import schema

pytestmark = pytest.mark.django_db


def test_the_tables_of_this_version_are_taken() -> None:
    schema.refuse_newer()


@pytest.mark.parametrize("app", ["registry", "lifecycle"])
def test_the_tables_of_a_newer_version_are_refused_before_anything_is_changed(app: str) -> None:
    MigrationRecorder(connection).record_applied(app, "0999_of_next_year")
    with pytest.raises(schema.NewerSchemaError, match=rf"newer version.*{app}\.0999_of_next_year"):
        preparation.prepare(timezone.now(), demo=False)
    for command in ("runlifecycle", "serve"):
        with pytest.raises(CommandError, match="Install that version again, or put back the backup"):
            call_command(command)
