"""Makes Django ready in any Python program."""

from __future__ import annotations

import atexit
import os

import django
from django.apps import apps

from mcpstore_site import paths
from mcpstore_site.facade.errors import NotSetUpError

LAST_EXPORT = 5.0
_checked: list[bool] = []


def ready() -> None:
    """Set Django up unless somebody has, and see once that there is a database; NotSetUpError if not."""
    if _checked:
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpstore_site.settings")
    if not apps.ready:
        django.setup()
        _export_at_exit()
        _say_where_from()
    if not apps.is_installed("registry"):
        raise NotSetUpError("DJANGO_SETTINGS_MODULE names settings of another program; unset it.")
    _see_tables()
    _checked.append(True)


def _export_at_exit() -> None:
    """A short script may end before the mcp.json is written, which happens in the background."""
    from registry.mcpjson import export as mcpjson_export

    atexit.register(mcpjson_export.wait_idle, LAST_EXPORT)


def _say_where_from() -> None:
    """What a script does is noted as done from Python."""
    from registry.access.audit import origin

    origin.of_process(origin.Door.PYTHON)


def _see_tables() -> None:
    from django.db import connection

    from registry.models import Agent

    if Agent._meta.db_table not in connection.introspection.table_names():
        raise NotSetUpError(f"The console's database is not set up; run `{paths.TYPED} up` once.")
