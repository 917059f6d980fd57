"""REST for what monitoring has recorded, to be taken along: all services or one, as JSON or as CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.monitoring.charts.api import asked
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.export import files
from lifecycle.pages.reading import streaming
from registry.access.callers import VIEWER
from registry.models import Service
from registry.rest.problems import ProblemError
from registry.services import register
from registry.services.api import Name

router = Router()
A_TIME = "by ISO 8601, or in seconds since 1970"
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
CROWDED = "Several exports are being made already. Try again in a minute."


class ExportQuery(Schema):
    start: str = Field("", alias="from", max_length=40, description=A_TIME)
    end: str = Field("", alias="to", max_length=40, description=f"{A_TIME}; now where it is not said")
    range: str = Field("", max_length=10, description="1h, 24h, 7d, 30d or 90d, in place of from and to")


def _window(query: ExportQuery, now: datetime) -> Window:
    if query.end and not query.start:
        raise ProblemError(422, "`to` needs a `from`.", where="query.from")
    return asked({"from": query.start, "to": query.end, "range": query.range}, now)


def _filename(what: str, window: Window, ending: str) -> str:
    first, last = (f"{at.astimezone(UTC):%Y%m%dT%H%MZ}" for at in (window.start, window.end))
    return f"{what}-{first}-{last}.{ending}"


def _streamed(request: HttpRequest, make: streaming.Make, kind: str, name: str) -> StreamingHttpResponse:
    try:
        return streaming.answer(request, make, kind, name)
    except streaming.BusyError:
        raise ProblemError(503, CROWDED, code="busy") from None


def _file(request: HttpRequest, query: ExportQuery, kind: str, service: Service | None = None) -> Any:
    """*service*, or all that are listed."""
    now = timezone.now()
    window = _window(query, now)
    which = files.only(service) if service else Service.objects.listed()
    name = _filename(service.name if service else "monitoring", window, kind)
    return _streamed(
        request, lambda: files.text(kind, window, now, which, whole=service is None), TYPES[kind], name
    )


def _told(kind: str) -> dict[str, Any]:
    content: dict[str, Any] = {TYPES[kind].partition(";")[0]: {}}
    return {"responses": {200: {"description": "a file", "content": content}}}


@router.get("export.json", auth=VIEWER, summary="Export monitoring data as JSON", openapi_extra=_told("json"))
def export_all_json(request: HttpRequest, query: Query[ExportQuery]) -> Any:
    """Of each service what `services/{name}/metrics` gives, in the finest points that are kept, with its
    events and alerts. The file is made while it is sent, and whole where it ends with `}`."""
    return _file(request, query, "json")


@router.get("export.csv", auth=VIEWER, summary="Export metrics as CSV", openapi_extra=_told("csv"))
def export_all_csv(request: HttpRequest, query: Query[ExportQuery]) -> Any:
    """As `services/{name}/export.csv`, one service after the other in one table."""
    return _file(request, query, "csv")


@router.get(
    "services/{name}/export.json",
    auth=VIEWER,
    summary="Export a service's monitoring data as JSON",
    openapi_extra=_told("json"),
)
def export_service_json(request: HttpRequest, name: Name, query: Query[ExportQuery]) -> Any:
    """As `export.json`, with this service alone."""
    return _file(request, query, "json", register.get(name))


@router.get(
    "services/{name}/export.csv",
    auth=VIEWER,
    summary="Export a service's metrics as CSV",
    openapi_extra=_told("csv"),
)
def export_service_csv(request: HttpRequest, name: Name, query: Query[ExportQuery]) -> Any:
    """A line for each span in which anything was measured; no cell is one that a spreadsheet would run."""
    return _file(request, query, "csv", register.get(name))
