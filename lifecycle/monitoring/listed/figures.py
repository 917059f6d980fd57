"""The median responses that the services list draws, as text: a page of it need not add up sketches."""

from __future__ import annotations

from collections.abc import Collection

from lifecycle.models import ListFigures
from lifecycle.monitoring.listed.sparkline import NONE
from lifecycle.monitoring.rollups import queries as rollup_queries
from registry.models import Service

SERVICES_AT_ONCE, STEPS_A_ROUND = 100, 10


class Renewal:
    """Goes through all services, some of them each round."""

    def __init__(self) -> None:
        self._after = self._steps = 0

    def step(self) -> bool:
        """Renew the next; False where the round is over, so that little is done at once."""
        rows = Service.objects.listed().filter(pk__gt=self._after).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:SERVICES_AT_ONCE])
        self._after = ids[-1] if len(ids) == SERVICES_AT_ONCE else 0
        self._steps = (self._steps + 1) % STEPS_A_ROUND
        renew(ids)
        return bool(self._after and self._steps)


def renew(ids: Collection[int]) -> int:
    """Write what is different; how many that were."""
    known = dict(ListFigures.objects.filter(service__in=ids).values_list("service", "response"))
    rows = []
    for key, medians in rollup_queries.recent(ids).items():
        response = _written(medians)
        if response != known.get(key, ""):
            rows.append(ListFigures(service_id=key, response=response))
    ListFigures.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["service"], update_fields=["response"]
    )
    return len(rows)


def _written(medians: Collection[float | None]) -> str:
    """Whole milliseconds are exact enough to draw; empty where there is nothing to draw."""
    if all(median is None for median in medians):
        return ""
    return " ".join(NONE if median is None else f"{max(median, 0):.0f}" for median in medians)
