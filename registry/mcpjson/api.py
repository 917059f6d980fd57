"""REST for the exported mcp.json: its versions, going back to one, and edits of the file by hand."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status

from registry.access.callers import ADMIN, OPERATOR_OF_ALL, VIEWER_OF_ALL, caller
from registry.core.diff import documents
from registry.imports.api import TEXTS, AskedValue, PreviewRow, preview_row
from registry.mcpjson import drift as mcpjson_drift
from registry.mcpjson import rollback
from registry.models import ConfigVersion
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError
from registry.services.api import ErrorBody, Outcomes, Refused, answered, described_error

router = Router()
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="the version's number")]


class VersionShort(Schema):
    number: int
    author: str
    summary: str
    sha256: str
    created_at: datetime


class VersionFull(VersionShort):
    document: dict[str, Any]


class VersionPage(Schema):
    count: int
    results: list[VersionShort]


class Comparison(Schema):
    old: VersionShort
    new: VersionShort
    summary: str
    diff: list[str]


class DriftAnswer(Schema):
    drifted: bool
    seen: str | None = None
    error: ErrorBody | None = None
    results: list[PreviewRow] = []
    asks: list[AskedValue] = []
    removed: list[str] = []
    dropped: list[str] = []
    locked: bool = False
    diff: list[str] = []


@router.get("versions", auth=VIEWER_OF_ALL, response=VersionPage, summary="List the versions of mcp.json")
def version_list(
    request: HttpRequest,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The newest first."""
    rows = rollback.newest_first()
    return {"count": rows.count(), "results": list(rows[(page - 1) * page_size : page * page_size])}


@router.get("versions/compare", auth=VIEWER_OF_ALL, response=Comparison, summary="Compare two versions")
def version_compare(
    request: HttpRequest,
    new: Annotated[int, Query(alias="to", ge=1, le=2**31 - 1)],
    old: Annotated[int, Query(alias="from", ge=1, le=2**31 - 1)],
) -> dict[str, Any]:
    """By line, those around a difference included; an empty text stands for lines left out."""
    before, after = rollback.get(old), rollback.get(new)
    return {
        "old": before,
        "new": after,
        "summary": documents.summary(before.document, after.document) if old != new else "",
        "diff": documents.marked(documents.compared(before.document, after.document)),
    }


@router.get("versions/{int:number}", auth=VIEWER_OF_ALL, response=VersionFull, summary="Get a version")
def version_one(request: HttpRequest, number: Number) -> dict[str, Any]:
    """With the document as it was exported: it refers to secrets and holds none."""
    found: ConfigVersion = rollback.get(number)
    keys = ("number", "author", "summary", "sha256", "created_at")
    return {key: getattr(found, key) for key in keys} | {"document": json.loads(found.document)}


@router.post(
    "versions/{int:number}/rollback",
    auth=ADMIN,
    response={200: Outcomes, 422: Refused},
    exclude_none=True,
    summary="Roll back to a version",
)
def version_rollback(request: HttpRequest, number: Number) -> Status[dict[str, Any]]:
    """This makes a new version. An entry that cannot be taken any more is reported and left out."""
    return answered(rollback.rollback(number, by=caller(request).name, now=timezone.now()))


@router.get(
    "drift",
    auth=OPERATOR_OF_ALL,
    response=DriftAnswer,
    exclude_none=True,
    summary="Get drift: whether mcp.json was edited by hand",
)
def drift(request: HttpRequest) -> dict[str, Any]:
    """What taking the file would do. `seen` goes back with the decision."""
    look = mcpjson_drift.current(caller(request).role)
    if look is None:
        return {"drifted": False}
    return {
        "drifted": True,
        "seen": look.seen,
        "results": [preview_row(row) for row in look.rows],
        "asks": [vars(ask) for ask in look.asks],
        "removed": list(look.removed),
        "dropped": list(look.dropped),
        "locked": look.locked,
        "diff": documents.marked(list(look.lines)),
    } | ({"error": described_error(look.problem)} if look.problem else {})


def _seen(request: HttpRequest) -> tuple[str, dict[str, str], str]:
    """What was looked at, the values for it, and the passphrase of those that stand in it."""
    body = json_object(request)
    seen, values, phrase = body.get("seen"), body.get("values", {}), body.get("passphrase", "")
    if not isinstance(seen, str) or not seen:
        raise ProblemError(422, "Give `seen` as GET drift gave it.", where="body.seen")
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ProblemError(422, "This must be an object of names and texts.", where="body.values")
    if not isinstance(phrase, str):
        raise ProblemError(422, "This must be a text.", where="body.passphrase")
    return seen, values, phrase


@router.post(
    "drift/take",
    auth=OPERATOR_OF_ALL,
    response={200: Outcomes, 422: Refused},
    exclude_none=True,
    openapi_extra=described(seen={"type": "string"}, values=TEXTS, passphrase={"type": "string"}),
    summary="Resolve drift: take the edited file",
)
def drift_take(request: HttpRequest) -> Status[dict[str, Any]]:
    """Saves its good entries and removes what it leaves out; 409 if it is no longer what was seen.

    `passphrase` opens the values of an export with secrets, where `locked` says that the file holds some.
    """
    who, (seen, values, phrase) = caller(request), _seen(request)
    now = timezone.now()
    return answered(
        mcpjson_drift.take(seen, by=who.name, role=who.role, now=now, values=values, phrase=phrase)
    )


@router.post(
    "drift/write",
    auth=OPERATOR_OF_ALL,
    response={204: None},
    openapi_extra=described(seen={"type": "string"}),
    summary="Resolve drift: write the console's file",
)
def drift_write(request: HttpRequest) -> Status[None]:
    """Throws the edit away; 409 if it is no longer what was seen."""
    mcpjson_drift.write_ours(_seen(request)[0], by=caller(request).name, now=timezone.now())
    return Status(204, None)
