"""REST for importing: a document with what is to be said to it, looked at first or saved at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from registry.access.callers import ALL_SERVICES, OPERATOR, caller
from registry.core.clients import recognition
from registry.core.diff import documents
from registry.core.documents import dialects, reading
from registry.core.documents.dialects import Document
from registry.core.documents.places import shorten
from registry.imports import import_run, preview
from registry.imports.preview import Row
from registry.mcpjson import secret_bundle
from registry.models.limits import current
from registry.rest.bodies import described
from registry.rest.problems import ProblemError
from registry.services.api import ErrorBody, Outcomes, Refused, answered, described_error

router = Router()
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
BODY = described(
    document={"description": "any of the formats, or its text; without it everything in the mcp.json"},
    values={**TEXTS, "description": "values for placeholders, by name"},
    renames={**TEXTS, "description": "new names, by the name in the document"},
    only={"type": "array", "items": {"type": "string"}, "description": "import only these names"},
    replace={"type": "boolean", "description": "also remove services that are not in the document"},
    passphrase={"type": "string", "description": "passphrase of a document exported with secrets"},
    client={"type": "string", "description": "client of the document, if it is not recognised"},
    file={"type": "string", "description": "its file name, which helps to recognise the client"},
    readings={
        "type": "object",
        "description": "by the name in the document: timeout unit, transport",
        "additionalProperties": {
            "type": "object",
            "properties": {"unit": {"enum": ["s", "ms"]}, "transport": {"enum": ["streamable-http", "sse"]}},
        },
    },
)
KNOWN = ("document", "values", "renames", "only", "replace", "passphrase", "client", "file", "readings")


class UnderstoodEntry(Schema):
    client: str
    read_as: str
    transport: str
    why: str
    call_timeout: float | None
    start_timeout: float | None
    headers: list[str]
    variables: list[str]
    on: bool
    not_in_force: list[str]
    assumed: list[str]


class PreviewRow(Schema):
    name: str
    outcome: str
    where: str
    transport: str
    endpoint: str
    asks: list[str]
    suggestion: str
    notes: list[str]
    diff: list[str]
    understood: UnderstoodEntry | None = None
    error: ErrorBody | None = None


class AskedValue(Schema):
    name: str
    description: str
    secret: bool
    default: str
    choices: list[str]


class PreviewAnswer(Schema):
    shape: str
    client: str
    read_as: str
    results: list[PreviewRow]
    asks: list[AskedValue]
    optional: list[AskedValue]
    missing: list[str]
    locked: bool


@dataclass(frozen=True, kw_only=True)
class _Wish:
    document: Document | None
    values: dict[str, str] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)
    only: list[str] | None = None
    replace: bool = False
    locked: bool = False


def _wish(request: HttpRequest) -> _Wish:
    """The body, its document read as strictly as one that comes alone."""
    body = reading.read(request.body or b"{}", depth=reading.MAX_DEPTH + 1, at=("document",))
    if not isinstance(body, dict) or (unknown := sorted(set(body) - set(KNOWN))) or reading.twice(body):
        wrong = f"body.{unknown[0][:80]}" if isinstance(body, dict) and unknown else "body"
        raise ProblemError(422, f"Give an object with some of {', '.join(KNOWN)}, each once.", where=wrong)
    given = body.get("document")
    document = None if given is None else _document(body, given)
    replace = body.get("replace", False)
    if not isinstance(replace, bool):
        raise ProblemError(422, "This must be true or false.", where="body.replace")
    if current() and document is None:
        raise ProblemError(403, ALL_SERVICES, where="body.document")
    return _Wish(
        document=document,
        values={**_unlocked(body, given), **_texts(body, "values")},
        renames=_texts(body, "renames"),
        only=_names(body),
        replace=replace,
        locked=secret_bundle.is_locked(given) and not body.get("passphrase"),
    )


def _document(body: dict[str, Any], given: object) -> Document:
    """By the rules of the client that is given or recognised, and with what is said of single entries."""
    client, file = (_text(body, key) for key in ("client", "file"))
    readings = {} if body.get("readings") is None else body["readings"]
    if not isinstance(readings, dict) or not all(isinstance(one, dict) for one in readings.values()):
        raise ProblemError(422, "This must be an object of names and choices.", where="body.readings")
    choices = {
        name: recognition.choice(said, f"body.readings.{shorten(name)}") for name, said in readings.items()
    }
    find = dialects.find if isinstance(given, str) else dialects.find_in
    return recognition.chosen(find(given, client=client, file=file), choices)


def _text(body: dict[str, Any], key: str) -> str:
    given = body.get(key) or ""
    if not isinstance(given, str):
        raise ProblemError(422, "This must be a text.", where=f"body.{key}")
    return given


def _unlocked(body: dict[str, Any], tree: object) -> dict[str, str]:
    """The values that the passphrase opens; without one they are asked for like any others."""
    given = _text(body, "passphrase")
    return secret_bundle.values(tree, given) if given else {}


def _texts(body: dict[str, Any], key: str) -> dict[str, str]:
    given = body.get(key) or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ProblemError(422, "This must be an object of names and texts.", where=f"body.{key}")
    reading.check(given, ("body", key))
    return given


def _names(body: dict[str, Any]) -> list[str] | None:
    given = body.get("only")
    if given is not None and not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
        raise ProblemError(422, "This must be a list of names.", where="body.only")
    return given


@router.post(
    "imports/preview",
    auth=OPERATOR,
    response=PreviewAnswer,
    exclude_none=True,
    openapi_extra=BODY,
    summary="Preview an import",
)
def import_preview(request: HttpRequest) -> dict[str, Any]:
    """Saves nothing. Each entry is added, changed, unchanged, invalid, or asks for values.

    `locked`: the values of an export with secrets are there, and no passphrase was given for them.
    """
    wish = _wish(request)
    seen = preview.preview(
        import_run.opened(wish.document)[1],
        role=caller(request).role,
        values=wish.values,
        renames=wish.renames,
    )
    rows = [row for row in seen.rows if wish.only is None or row.name in wish.only]
    return {
        "shape": seen.shape,
        "client": seen.client,
        "read_as": seen.read_as,
        "results": [preview_row(row) for row in rows],
        "asks": [vars(ask) for ask in seen.asks],
        "optional": [vars(ask) for ask in seen.optional],
        "missing": seen.missing,
        "locked": wish.locked,
    }


def preview_row(row: Row) -> dict[str, Any]:
    """One entry of a preview."""
    keys = ("name", "outcome", "where", "transport", "endpoint", "asks", "suggestion", "notes")
    problem = {"error": described_error(row.problem)} if row.problem else {}
    understood = {"understood": vars(row.understood)} if row.understood else {}
    return (
        {key: getattr(row, key) for key in keys}
        | {"diff": documents.marked(row.lines)}
        | understood
        | problem
    )


@router.post(
    "imports",
    auth=OPERATOR,
    response={200: Outcomes, 422: Refused},
    exclude_none=True,
    openapi_extra=BODY,
    summary="Import a document",
)
def import_document(request: HttpRequest) -> Status[dict[str, Any]]:
    """As adding services, for a document that asks for something. Good entries are saved.

    With a scope: new services that are in it alone, from a document that is given, without `replace`.
    """
    wish, who = _wish(request), caller(request)
    results = import_run.bring(
        wish.document,
        by=who.name,
        role=who.role,
        now=timezone.now(),
        values=wish.values,
        renames=wish.renames,
        only=wish.only,
        replace=wish.replace,
    )
    return answered(results)
