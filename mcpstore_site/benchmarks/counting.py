"""How many queries a page takes, and how long it takes without HTTP: `… counting COOKIE PATH…`, as JSON."""

from __future__ import annotations

import json
import sys
import time

import django

TIMES = 10


def main(cookie: str, paths: list[str]) -> dict[str, list[float]]:
    """For each path: queries, kilobytes, and the median of the milliseconds in process."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    # Its asynchronous middleware would move the view to a thread with a connection that nobody counts on.
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic")]
    client = Client(headers={"cookie": cookie, "host": "localhost"})
    found = {}
    for path in paths:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path)
        # Each further request begins the log anew.
        count = len(queries)
        if page.status_code != 200:
            raise SystemExit(f"{path}: {page.status_code}")
        took = []
        for _ in range(TIMES):
            started = time.perf_counter()
            client.get(path)
            took.append(1000 * (time.perf_counter() - started))
        found[path] = [count, len(page.content) / 1000, sorted(took)[TIMES // 2]]
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2:])) + "\n")
