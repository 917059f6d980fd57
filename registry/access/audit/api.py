"""REST for the audit log: search, one act with its difference, and the log as a file; as on its pages."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from registry.access.audit import export, presenter, queries
from registry.access.audit.origin import Door
from registry.access.callers import ADMIN, caller
from registry.core.diff import documents
from registry.models import AuditEntry, AuditMember

router = Router()
BIGGEST = 2**63 - 1
NO_NUL = r"^[^\x00]*$"


class AuditFilters(Schema):
    q: str = Field("", max_length=queries.LONGEST, pattern=NO_NUL, description="any text of the row")
    who: str = Field(
        "", max_length=150, pattern=NO_NUL, description="whole name of a person or token's owner"
    )
    what: str = Field("", max_length=64, pattern=NO_NUL, description="the act, such as service changed")
    service: str = Field("", max_length=200, pattern=NO_NUL, description="name of a service or other target")
    door: Literal["", *(door.value for door in Door)] = Field("", description="how it came in")  # type: ignore[valid-type]
    since: date | None = Field(None, description="a day in UTC, included")
    until: date | None = Field(None, description="a day in UTC, included")

    def wanted(self) -> queries.Wanted:
        """The same as the page's form asks for."""
        texts = {key: getattr(self, key).strip() for key in ("q", "who", "what", "service", "door")}
        return queries.Wanted(**texts, since=_begin(self.since), until=_begin(self.until))


class AuditQuery(AuditFilters):
    before: int = Field(0, ge=0, le=BIGGEST, description="acts older than the one of this id")
    limit: int = Field(50, ge=1, le=1000)


class AuditRow(Schema):
    id: int
    at: datetime
    who: str
    what: str
    target: str
    detail: str
    came_by: str = Field(
        alias="from", description="page, rest, command, python, worker, console; empty if old"
    )
    address: str
    members: int = Field(description="how many things it was done to, where they are listed")
    has_diff: bool


class AuditPage(Schema):
    results: list[AuditRow]
    older: int | None = Field(description="`before` of the next page; null at the end")


class AuditMemberRow(Schema):
    name: str
    detail: str
    before: Any = Field(description="secret values are masked; null for none")
    after: Any
    diff: list[str]


class AuditDetail(AuditRow):
    before: Any = Field(description="what differs, as it was; secret values are masked; null for none")
    after: Any
    diff: list[str] = Field(description="by line, marked by + and -; an empty text stands for lines left out")
    seal: Literal["intact", "altered", "other key", "none"]
    position: int | None = Field(description="its number in the chain; null for some seconds")
    named: list[AuditMemberRow] = Field(description="the members of this page")


def _begin(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


@router.get("audit", auth=ADMIN, response=AuditPage, by_alias=True, summary="Search the audit log")
def audit_list(request: HttpRequest, query: Query[AuditQuery]) -> dict[str, Any]:
    """The newest first."""
    found = queries.search(query.wanted())
    found = found.filter(pk__lt=query.before) if query.before else found
    rows = list(found[: query.limit + 1])
    shown = rows[: query.limit]
    return {
        "results": [_row(row) for row in shown],
        "older": shown[-1].pk if len(rows) > query.limit else None,
    }


@router.get("audit/{int:entry_id}", auth=ADMIN, response=AuditDetail, by_alias=True, summary="Read one act")
def audit_detail(
    request: HttpRequest,
    entry_id: int,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="of its members")] = 1,
    page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """What was before, what is after, and all that it was done to."""
    entry = AuditEntry.objects.filter(pk=entry_id).first() if entry_id <= BIGGEST else None
    if entry is None:
        raise Http404
    first = (page - 1) * page_size
    return {
        **_row(entry),
        **_sides(entry),
        "seal": presenter.seal_state(entry),
        "position": entry.position,
        "named": [_member(one) for one in entry.named.all()[first : first + page_size]],
    }


def _file(request: HttpRequest, query: AuditFilters, kind: str) -> HttpResponse:
    text = export.take(kind, query.wanted(), by=caller(request).name, now=timezone.now())
    headers = {"Content-Disposition": f'attachment; filename="audit.{kind}"'}
    return HttpResponse(text, content_type=export.KINDS[kind], headers=headers)


def _told(kind: str) -> dict[str, Any]:
    content: dict[str, Any] = {export.KINDS[kind].partition(";")[0]: {}}
    return {"responses": {200: {"description": "a file", "content": content}}}


@router.get("audit.json", auth=ADMIN, summary="Export the audit log as JSON", openapi_extra=_told("json"))
def audit_export_json(request: HttpRequest, query: Query[AuditFilters]) -> HttpResponse:
    """What the search finds, up to 10,000 acts with their members. That it was taken is in the log, too."""
    return _file(request, query, "json")


@router.get("audit.csv", auth=ADMIN, summary="Export the audit log as CSV", openapi_extra=_told("csv"))
def audit_export_csv(request: HttpRequest, query: Query[AuditFilters]) -> HttpResponse:
    """The same with a line for each act."""
    return _file(request, query, "csv")


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": entry.at,
        "who": entry.actor,
        "what": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "from": entry.door,
        "address": entry.address,
        "members": entry.members,
        "has_diff": presenter.row(entry).has_diff,
    }


def _member(one: AuditMember) -> dict[str, Any]:
    return {"name": one.name, "detail": one.detail, **_sides(one)}


def _sides(one: AuditEntry | AuditMember) -> dict[str, Any]:
    sides = {"before": _read(one.before), "after": _read(one.after)}
    return {**sides, "diff": documents.marked(presenter.change(one).lines)}


def _read(text: str) -> Any:
    """As it was written; a row that was altered since may hold any text."""
    with suppress(ValueError):
        return json.loads(text) if text else None
    return text
