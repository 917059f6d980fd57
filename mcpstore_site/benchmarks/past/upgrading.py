"""A database as before roll-ups: `python -m mcpstore_site.benchmarks.past.upgrading CHECKS`.

Each registered service has so many checks; what monitoring brought is not there. Prints how many rows.
"""

from __future__ import annotations

import sys
import time

import django

BEFORE = ("lifecycle", "0019_tell_how_alerts_end")
PLENTY = "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
CHECKS = """
WITH RECURSIVE back(n) AS (SELECT {count} UNION ALL SELECT n - 1 FROM back WHERE n > 1)
INSERT INTO lifecycle_checkresult (service_id, at, level, ms)
SELECT s.id, {now} - 30000 * back.n - s.id * 13 % 30000, 0, 20 + (s.id * 7 + back.n * 31) % 90
FROM (SELECT id FROM registry_service ORDER BY id) s CROSS JOIN back"""


def main(count: int, now: float) -> int:
    """Undo the migrations since, then fill in the checks."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", *BEFORE, verbosity=0)
    with connection.cursor() as cursor:
        for statement in PLENTY.split(";")[:-1]:
            cursor.execute(statement)
        cursor.execute(CHECKS.format(count=count, now=int(now * 1000)))
        cursor.execute("SELECT count(*) FROM lifecycle_checkresult")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(f"{main(int(sys.argv[1]), time.time())}\n")
