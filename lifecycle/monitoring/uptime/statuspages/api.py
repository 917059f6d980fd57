"""REST for status pages, their secret links, and what is told on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from lifecycle.models import Episode, StatusPage, StatusPageNote
from lifecycle.monitoring.uptime.statuspages import members, operations
from registry.access.callers import OPERATOR, caller
from registry.rest.problems import ProblemError

router = Router()


class StatusPageChange(Schema):
    title: str | None = Field(None, max_length=100)
    slug: str | None = Field(None, max_length=64, description="last part of the public address")
    intro: str | None = Field(None, max_length=500)
    visibility: str | None = Field(None, max_length=6, description="off, link or public; off at first")
    services: list[str] | None = Field(None, description="names of services that are on it")
    tags: list[str] | None = Field(None, description="all services with one of them are on it too")
    names: dict[str, str] | None = Field(None, description="by name of a service what strangers call it")
    own_names: bool | None = Field(None, description="services without such a name show their own")
    show_uptime: bool | None = None
    show_incidents: bool | None = None
    show_maintenance: bool | None = None
    badges: bool | None = None


class StatusPageAnswer(Schema):
    id: int
    title: str
    slug: str
    intro: str
    visibility: str
    url: str | None = Field(description="null unless it is public")
    link_hint: str = Field(description="how the secret link's key begins; empty for none")
    services: list[str]
    tags: list[str]
    names: dict[str, str]
    unnamed: list[str] = Field(description="on it, but not shown for want of a public name")
    own_names: bool
    show_uptime: bool
    show_incidents: bool
    show_maintenance: bool
    badges: bool
    created_by: str
    updated_at: datetime


class StatusPageList(Schema):
    count: int
    results: list[StatusPageAnswer]


class LinkAnswer(Schema):
    url: str = Field(description="shown this once")


class NoteBody(Schema):
    episode: int
    text: str = Field(min_length=1, max_length=1000)


class NoteAnswer(Schema):
    id: int
    episode: int
    text: str
    by: str
    at: datetime


def _answer(page: StatusPage) -> dict[str, Any]:
    found = members.of(page)
    named = {name: getattr(page, name) for name in (*operations.FIELDS, "created_by", "updated_at")}
    return named | {
        "id": page.pk,
        "url": operations.address(page.slug) if page.visibility == page.Visibility.PUBLIC else None,
        "link_hint": page.token_hint,
        "services": sorted(one.service.name for one in found if one.chosen),
        "names": {one.service.name: one.public_name for one in found if one.public_name},
        "unnamed": [one.service.name for one in found if not one.name],
    }


def _get(number: int) -> StatusPage:
    page = StatusPage.objects.filter(pk=number).first()
    if page is None:
        raise ProblemError(404, f"There is no status page {number}.")
    return page


def _given(body: StatusPageChange) -> dict[str, Any]:
    return {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}


@router.get("status-pages", auth=OPERATOR, response=StatusPageList, summary="List status pages")
def status_pages(request: HttpRequest) -> dict[str, Any]:
    rows = list(StatusPage.objects.order_by("title", "pk"))
    return {"count": len(rows), "results": [_answer(row) for row in rows]}


@router.post("status-pages", auth=OPERATOR, response={201: StatusPageAnswer}, summary="Add a status page")
def status_page_add(request: HttpRequest, body: StatusPageChange) -> Status[dict[str, Any]]:
    """Off unless *visibility* says otherwise; a secret link is made by a request of its own."""
    values = _given(body)
    if "title" not in values:
        raise ProblemError(422, "Give title.", where="title")
    page = operations.save(None, values, by=caller(request).name, now=timezone.now())
    return Status(201, _answer(_get(page.pk)))


@router.get("status-pages/{page_id}", auth=OPERATOR, response=StatusPageAnswer, summary="Get a status page")
def status_page(request: HttpRequest, page_id: int) -> dict[str, Any]:
    return _answer(_get(page_id))


@router.patch(
    "status-pages/{page_id}", auth=OPERATOR, response=StatusPageAnswer, summary="Change a status page"
)
def status_page_change(request: HttpRequest, page_id: int, body: StatusPageChange) -> dict[str, Any]:
    """Only what is given changes, at once for all readers."""
    operations.save(_get(page_id), _given(body), by=caller(request).name, now=timezone.now())
    return _answer(_get(page_id))


@router.delete("status-pages/{page_id}", auth=OPERATOR, response={204: None}, summary="Delete a status page")
def status_page_delete(request: HttpRequest, page_id: int) -> HttpResponse:
    operations.remove(_get(page_id), by=caller(request).name, now=timezone.now())
    return HttpResponse(status=204)


@router.post(
    "status-pages/{page_id}/link", auth=OPERATOR, response={201: LinkAnswer}, summary="Renew the secret link"
)
def status_page_link(request: HttpRequest, page_id: int) -> Status[dict[str, Any]]:
    """The link before it is dead from this moment on."""
    url = operations.renew_link(_get(page_id), by=caller(request).name, now=timezone.now())
    return Status(201, {"url": url})


@router.post(
    "status-pages/{page_id}/notes",
    auth=OPERATOR,
    response={201: NoteAnswer},
    summary="Tell readers about an alert",
)
def status_page_note(request: HttpRequest, page_id: int, body: NoteBody) -> Status[dict[str, Any]]:
    """They see the text, the public name of the service and when it began and ended."""
    episode = Episode.objects.filter(pk=body.episode).first()
    if episode is None:
        raise ProblemError(404, f"There is no episode {body.episode}.", where="body.episode")
    note = operations.tell(_get(page_id), episode, body.text, by=caller(request).name, now=timezone.now())
    return Status(201, _note(note))


def _note(note: StatusPageNote) -> dict[str, Any]:
    same = {name: getattr(note, name) for name in ("text", "by", "at")}
    return same | {"id": note.pk, "episode": note.episode_id}


@router.delete(
    "status-pages/{page_id}/notes/{note_id}", auth=OPERATOR, response={204: None}, summary="Take a note off"
)
def status_page_unnote(request: HttpRequest, page_id: int, note_id: int) -> HttpResponse:
    page = _get(page_id)
    note = StatusPageNote.objects.select_related("page").filter(pk=note_id, page=page).first()
    if note is None:
        raise ProblemError(404, f"There is no note {note_id} on this page.")
    operations.untell(note, by=caller(request).name, now=timezone.now())
    return HttpResponse(status=204)
