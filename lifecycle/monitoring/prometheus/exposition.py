"""The text of a scrape, by prometheus-client: one registry, and everything read anew for each scrape."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lifecycle.monitoring.prometheus import families, queries


class Console(Collector):
    """Reads the database when it is asked; it holds nothing between two scrapes."""

    def collect(self) -> Iterator[Metric]:
        began = time.monotonic()
        yield from families.families(queries.read(timezone.now()))
        took = time.monotonic() - began
        yield GaugeMetricFamily("mcpstore_scrape_duration_seconds", "Time to gather all this", value=took)

    def describe(self) -> Iterator[Metric]:
        """Nothing: to register it must ask no database."""
        return iter(())


REGISTRY = CollectorRegistry()
REGISTRY.register(Console())
_one_at_a_time = threading.Lock()


def text(accept: str) -> tuple[bytes, str]:
    """What to answer to this Accept header, and its content type; scrapes wait for each other."""
    encoder, content_type = choose_encoder(accept)
    with _one_at_a_time:
        return encoder(REGISTRY), content_type
