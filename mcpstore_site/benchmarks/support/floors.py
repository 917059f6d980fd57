"""Floors that need no program: a bare durable commit, with the settings of the console's own database."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from mcpstore_site.benchmarks.table import rank

COMMITS = 200


def commit_ms(place: Path) -> tuple[float, float]:
    """Median and 99th percentile of one row's commit to a file of its own in *place*."""
    took = []
    with closing(sqlite3.connect(place / "floor.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT)")
        for number in range(COMMITS):
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO one VALUES (?, ?)", (number, "x" * 300))
            connection.execute("COMMIT")
            took.append(1000 * (time.perf_counter() - started))
    return rank(took, 0.5), rank(took, 0.99)
