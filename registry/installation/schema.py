"""Whether the database's migrations are those of this version of the console."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from registry.errors import RegistryError

OURS = ("registry", "lifecycle")


class NewerSchemaError(RegistryError):
    """The database was changed by a newer console, whose tables this one would read wrongly."""

    code = "schema_newer"


def refuse_newer() -> None:
    """NewerSchemaError where the database had migrations that are not in this version."""
    unknown = sorted(f"{app}.{name}" for app, name in _applied() if name not in _known(app))
    if unknown:
        raise NewerSchemaError(
            f"This database was used by a newer version of the console ({unknown[-1]} is not known here). "
            "Install that version again, or put back the backup that was made before the update."
        )


def _applied() -> list[tuple[str, str]]:
    found = MigrationRecorder(connection).applied_migrations()
    return [key for key in found if key[0] in OURS]


def _known(app: str) -> set[str]:
    place = settings.MIGRATION_MODULES.get(app) or f"{apps.get_app_config(app).name}.migrations"
    return {module.name for module in iter_modules(import_module(place).__path__)}
