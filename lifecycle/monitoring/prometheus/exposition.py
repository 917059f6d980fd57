"""The text of a scrape, in the format that the Accept header asks for."""

from __future__ import annotations

import threading
import time

from django.utils import timezone
from prometheus_client.exposition import choose_encoder

from lifecycle.monitoring.prometheus import encoding, families, queries

_one_at_a_time = threading.Lock()


def text(accept: str) -> tuple[bytes, str]:
    """What to answer to this Accept header, and its content type; scrapes wait for each other."""
    _, content_type = choose_encoder(accept)
    with _one_at_a_time:
        began = time.monotonic()
        scrape = queries.read(timezone.now())
        found = families.families(scrape, time.monotonic() - began)
        openmetrics = content_type.startswith("application/openmetrics-text")
        return encoding.text(found, openmetrics=openmetrics).encode(), content_type
