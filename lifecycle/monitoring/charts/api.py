"""REST for the metrics of one service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.monitoring.charts import metrics, schemas, windows
from lifecycle.monitoring.charts.windows import Window, WindowError
from registry.access.callers import VIEWER
from registry.rest.problems import ProblemError
from registry.services import register
from registry.services.api import Name

router = Router()
A_TIME = "by ISO 8601, or in seconds since 1970"


class MetricsQuery(Schema):
    start: str = Field("", alias="from", max_length=40, description=A_TIME)
    end: str = Field("", alias="to", max_length=40, description=f"{A_TIME}; now where it is not said")
    range: str = Field("", max_length=10, description="1h, 24h, 7d, 30d or 90d, in place of from and to")


@router.get(
    "services/{name}/metrics",
    auth=VIEWER,
    response=schemas.Metrics,
    by_alias=True,
    summary="Get a service's metrics",
)
def service_metrics(request: HttpRequest, name: Name, query: Query[MetricsQuery]) -> dict[str, Any]:
    """Checks, uptime, tool calls and the use of its program over a window: sums, and at most 720 points."""
    service, now = register.get(name), timezone.now()
    given = {"from": query.start, "to": query.end, "range": query.range}
    return metrics.of(service, asked(given, now), now)


def asked(given: dict[str, str], now: datetime) -> Window:
    """The window of a query, or 422 with the reason."""
    try:
        return windows.asked(given, now)
    except WindowError as exc:
        where = "query.from" if given.get("from") else "query.range"
        raise ProblemError(422, str(exc), where=where) from None
