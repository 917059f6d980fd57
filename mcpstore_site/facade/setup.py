"""Makes Django ready in any Python program."""

from __future__ import annotations

import atexit
import os

import django
from django.apps import apps

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
    if not apps.is_installed("registry"):
        raise NotSetUpError("DJANGO_SETTINGS_MODULE names settings of another program; unset it.")
    _see_tables()
    _checked.append(True)


def _export_at_exit() -> None:
    """A short script may end before the mcp.json is written, which happens in the background."""
    from registry import exporting

    atexit.register(exporting.wait_idle, LAST_EXPORT)


def _see_tables() -> None:
    from django.db import connection

    from registry.models import Agent

    if Agent._meta.db_table not in connection.introspection.table_names():
        raise NotSetUpError("The console's database is not set up; run `python manage.py up` once.")
