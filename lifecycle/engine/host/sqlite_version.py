"""What the SQLite library of this machine cannot do."""

from __future__ import annotations

import sqlite3

from django.db import connection

SAFE_SINCE = (3, 51, 3)


def warning(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str:
    """Why this library wants an update, or nothing: older ones may damage a WAL that two processes reset."""
    if connection.vendor != "sqlite" or version >= SAFE_SINCE:
        return ""
    have, want = (".".join(str(part) for part in parts) for parts in (version, SAFE_SINCE))
    return (
        f"SQLite {have} can, though rarely, damage a database that several processes use; {want} cannot. "
        "Keep backups, bring the library up to date, or set DATABASE_URL to a PostgreSQL server."
    )
