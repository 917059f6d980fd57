"""What is installed and runs here, as lines that can stand in a report of a fault: no name, no secret."""

from __future__ import annotations

import platform
import re
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from lifecycle.models import WorkerSeen
from lifecycle.pages.queries import SILENT_AFTER
from registry.models import Service

PACKAGES = (
    "django",
    "fastmcp",
    "mcp",
    "channels",
    "daphne",
    "django-ninja",
    "django-allauth",
    "cryptography",
)
Fact = tuple[str, str]


@lru_cache(maxsize=1)
def console_version() -> str:
    """Of the package that is installed, or of the checkout."""
    try:
        return version("mcpstore-console")
    except PackageNotFoundError:
        pass
    try:
        text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return "?"
    found = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    return f"{found[1] if found else '?'} (checkout)"


def installed() -> list[Fact]:
    """The console, Python, the libraries that matter."""
    found = [("MCPStore Console", console_version()), ("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def running(now: datetime) -> list[Fact]:
    """On what it runs."""
    workers = WorkerSeen.objects.filter(stopped_at=None, seen_at__gt=now - SILENT_AFTER).count()
    return [
        (_("Platform"), platform.platform(terse=True)),
        (_("Database"), database()),
        (_("Workers"), str(workers)),
        (_("Services"), f"{Service.objects.listed().count():,}"),
        (_("Time zone"), str(settings.SHOWN_TIME_ZONE)),
        (_("stdio programs"), settings.STDIO),
        (_("OpenID Connect"), _yes(settings.OIDC is not None)),
        (_("Email"), _yes(settings.EMAIL_CONFIGURED)),
        (_("Proxy"), _yes(settings.PROXY is not None)),
        (_("HTTPS"), _yes(settings.PUBLIC_URL.startswith("https://"))),
    ]


def database() -> str:
    """Which, and its version."""
    if connection.vendor == "sqlite":
        import sqlite3

        return f"SQLite {sqlite3.sqlite_version}"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}"


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def as_text(facts: list[Fact]) -> str:
    """To be copied."""
    return "\n".join(f"{name}: {value}" for name, value in facts)
