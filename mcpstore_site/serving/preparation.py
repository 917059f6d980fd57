"""What must be there before the first page: tables, files, somebody who may sign in, and configuration."""

from __future__ import annotations

import fcntl
import os
import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from lifecycle.alerts.rules import defaults
from lifecycle.engine.leases.single_worker import beside_database
from mcpstore_site.demo import services
from mcpstore_site.statics.collect import collect
from registry.access import first_admin
from registry.access.audit import origin
from registry.installation import schema
from registry.mcpjson import first_start, image
from registry.secrets import reseal
from registry.secrets import vault as secrets_kept

ADMIN = first_admin.NAME


class AlreadyRunningError(Exception):
    """Another `up` holds the data directory; two workers would fight over its services."""


def lock_data_directory() -> None:
    """Hold data directory and database until this process ends, also when it becomes another by exec."""
    remedy = "Stop it first, or set MCPSTORE_DATA_DIR to another directory."
    _hold(settings.DATA_DIR / "up.lock", f"with the data directory {settings.DATA_DIR}. {remedy}")
    if beside := beside_database("up"):
        remedy = "Stop it first; two consoles on one SQLite file would fight over its services."
        _hold(beside, f"with the database {connection.settings_dict['NAME']}. {remedy}")


def _hold(path: Path, where: str) -> None:
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise AlreadyRunningError(f"The console is already running {where}") from None
    os.set_inheritable(held, True)


def began_anew() -> bool:
    """Whether the database is empty where one was used before: its key file outlived it."""
    key = Path(settings.SECRETS_KEY_FILE)
    return key.exists() and key.stat().st_size > 0 and _is_new()


def demonstration_record() -> Path:
    """Where the ports of the demonstration services are kept."""
    path: Path = settings.DATA_DIR / "demonstration.json"
    return path


def reach() -> None:
    """Open the database; DatabaseError if it is none, or its server does not answer."""
    connection.ensure_connection()


def prepare(now: datetime, *, demo: bool) -> str | None:
    """Make everything ready, at every start; returns the password of `admin` when it has just been made."""
    schema.refuse_newer()
    origin.of_process(origin.Door.CONSOLE)
    with ThreadPoolExecutor(2) as beside:
        first = beside.submit(_first_password) if _is_new() else None
        collected = beside.submit(collect)
        call_command("migrate", interactive=False, verbosity=0)
    collected.result()
    secrets_kept.keys()
    reseal.reseal(now)
    first_start.take_existing(now)
    defaults.ensure(now)
    if demo:
        services.add(demonstration_record(), now)
    image.export_pending(author="console", now=now)
    return _admin(first)


def never_signed_in() -> bool:
    """Whether there is but `admin`, who made no use of the password yet: it may have been lost."""
    return first_admin.unused()


def _is_new() -> bool:
    return User._meta.db_table not in connection.introspection.table_names()


def _first_password() -> tuple[str, str]:
    """A password and what is kept of it: slow to make on purpose, and beside other work in a thread."""
    password = secrets.token_urlsafe(12)
    return password, make_password(password)


def _admin(first: Future[tuple[str, str]] | None) -> str | None:
    """Make `admin` where nobody can sign in yet; there is no default password."""
    if not first_admin.needed():
        return None
    password, kept = first.result() if first is not None else _first_password()
    first_admin.make(kept)
    return password
