"""How many queries a page takes, and how long it takes without HTTP: `… counting COOKIE PATH…`, as JSON."""

from __future__ import annotations

import json
import sys
import time

import django

TIMES = 10


def main(cookie: str, paths: list[str]) -> dict[str, list[float]]:
    """For each path: queries, kilobytes, median of the milliseconds in process, queries the second time."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"cookie": cookie, "host": "localhost"})
    found = {}
    for path in paths:
        # Each request begins the log anew; some of what one page asks is remembered for a few seconds.
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                page = client.get(path)
            counts.append(len(queries))
        if page.status_code != 200:
            raise SystemExit(f"{path}: {page.status_code}")
        took = []
        for _ in range(TIMES):
            started = time.perf_counter()
            client.get(path)
            took.append(1000 * (time.perf_counter() - started))
        found[path] = [counts[0], len(page.content) / 1000, sorted(took)[TIMES // 2], counts[1]]
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2:])) + "\n")
