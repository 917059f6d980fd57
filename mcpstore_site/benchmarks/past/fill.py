"""Gives the registered services a past: `python -m mcpstore_site.benchmarks.past.fill DAYS DOWN`.

Checks of 48 hours, roll-ups of 14, 90 and *DAYS* days, those of the fleet, transitions, days of uptime, open
alerts. All agree with each other: what is packed, summed up and counted, the product's own functions do.
*DOWN* services are down. Prints as JSON, by span, how many rows that made and how many bytes; 0 is checks.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import django
from django.conf import settings

STEPS_AT_MOST = 100_000


def main(days: int, down: int, now: int) -> dict[int, tuple[int, int]]:
    """Fill the database of the settings up to *now*, in seconds since 1970."""
    from django.db import connection

    from mcpstore_site.benchmarks.past import background, bulk, happened, plan
    from registry.models import Service

    ids = list(Service.objects.order_by("pk").values_list("pk", flat=True))
    made = plan.make(len(ids), days, down, now)
    connection.close()
    found = bulk.fill(Path(settings.DATABASES["default"]["NAME"]), made, ids, background.ends(now))
    happened.write(made, ids)
    background.write(made, ids)
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), int(time.time()))) + "\n")
