"""The columns of all charts of one service, and of the fleet: from the queries of every other figure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from lifecycle.monitoring.calls import queries as calls
from lifecycle.monitoring.charts import columns
from lifecycle.monitoring.charts.columns import Chart
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.hosts import queries as hosts
from lifecycle.monitoring.rollups import queries as rollups
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime.history import Past
from registry.models import Service, Transport

POINTS = 360
"""Half of what REST gives: more than a screen shows apart only takes time, and who zooms gets finer ones."""
FLEET_POINTS = 300
"""Of all services, each row has hundreds of buckets: a week is drawn from hours, not from 5 minutes."""
LONG, LONG_POINTS = timedelta(days=60), 100
"""What is longer is drawn from days: 90 of them, and not 2,160 hours."""


def past_of(service: Service, window: Window, now: datetime) -> Past:
    """What its uptime is counted from, for this window."""
    return history.load([service.pk], window.start.timestamp(), now.timestamp())[service.pk]


def of_service(service: Service, window: Window, past: Past, now: datetime) -> dict[str, Chart]:
    """The charts of one service by name; those of calls and of its program only where there are any."""
    start, end = window.start, window.end
    first, last = start.timestamp(), end.timestamp()
    points = rollups.series(service.pk, start, end, POINTS)
    response = columns.response(points, first, last)
    found = {
        "response": response,
        "checks": columns.checks(points, first, last),
        "availability": columns.availability(response, past, first, now.timestamp()),
    }
    if called := calls.calls_series(service.pk, start, end, POINTS, now):
        found["calls"] = columns.calls(called, first, last)
    program = service.transport == Transport.STDIO
    if program and (used := hosts.process_series(service.pk, start, end, POINTS, now)):
        found["process"] = columns.process(used, first, last)
    return found


def of_fleet(window: Window) -> dict[str, Chart]:
    """The response of all services together."""
    most = LONG_POINTS if window.end - window.start > LONG else FLEET_POINTS
    points = rollups.fleet_series(window.start, window.end, most)
    return {"response": columns.response(points, window.start.timestamp(), window.end.timestamp())}


def since(charts: Mapping[str, Chart], after: int | None) -> dict[str, Chart]:
    """From the point that holds *after*, in seconds since 1970, on: to be put behind what is shown."""
    return {name: chart if after is None else _since(chart, after) for name, chart in charts.items()}


def _since(chart: Chart, after: int) -> Chart:
    at = next((n for n, x in enumerate(chart.x) if x + chart.seconds > after), len(chart.x))
    return Chart(
        seconds=chart.seconds,
        x=chart.x[at:],
        columns={key: column[at:] for key, column in chart.columns.items()},
    )
