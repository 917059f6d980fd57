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

from lifecycle.alerts import defaults
from mcpstore_site import demonstration
from registry import mcpjson

ADMIN = "admin"


class AlreadyRunningError(Exception):
    """Another `up` holds the data directory; two workers would fight over its services."""


def lock_data_directory() -> int:
    """Hold the data directory until this process ends, also when it becomes another program by exec."""
    path = settings.DATA_DIR / "up.lock"
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise AlreadyRunningError(
            f"The console is already running with the data directory {settings.DATA_DIR}. "
            "Stop it first, or set MCPSTORE_DATA_DIR to another directory."
        ) from None
    os.set_inheritable(held, True)
    return held


def demonstration_record() -> Path:
    """Where the ports of the demonstration services are kept."""
    path: Path = settings.DATA_DIR / "demonstration.json"
    return path


def reach() -> None:
    """Open the database; DatabaseError if it is none, or its server does not answer."""
    connection.ensure_connection()


def prepare(now: datetime, *, demo: bool) -> str | None:
    """Make everything ready, at every start; returns the password of `admin` when it has just been made."""
    with ThreadPoolExecutor(1) as beside:
        first = beside.submit(_first_password) if _is_new() else None
        call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    mcpjson.import_at_first_start(now)
    defaults.ensure(now)
    if demo:
        demonstration.add(demonstration_record(), now)
    mcpjson.export_pending(author="console", now=now)
    return _admin(first)


def never_signed_in() -> bool:
    """Whether there is but `admin`, who made no use of the password yet: it may have been lost."""
    return list(User.objects.values_list("username", "last_login")[:2]) == [(ADMIN, None)]


def _is_new() -> bool:
    return User._meta.db_table not in connection.introspection.table_names()


def _first_password() -> tuple[str, str]:
    """A password and what is kept of it: slow to make on purpose, and beside other work in a thread."""
    password = secrets.token_urlsafe(12)
    return password, make_password(password)


def _admin(first: Future[tuple[str, str]] | None) -> str | None:
    """Make `admin` where nobody can sign in yet; there is no default password."""
    if User.objects.exists():
        return None
    password, kept = first.result() if first is not None else _first_password()
    User.objects.create(username=ADMIN, password=kept, is_staff=True, is_superuser=True)
    return password
