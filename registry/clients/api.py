"""REST for connecting clients: who is written for, and the files."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from registry.access.callers import VIEWER
from registry.agents.operations import GLOBAL_AGENT
from registry.clients import presenter, queries
from registry.clients.queries import File
from registry.clients.words import text_of
from registry.core.clients.writing.table import TARGETS
from registry.core.clients.writing.target import Target

router = Router()
Service = Annotated[str, Path(description="The service's name")]
Client = Annotated[str, Path(description="one of those that GET clients lists")]


class Place(Schema):
    where: str
    path: str


class ClientShort(Schema):
    client: str
    program: str
    language: str
    file: str
    places: list[Place]
    hint: str


class ClientList(Schema):
    count: int
    results: list[ClientShort]


class ClientNote(Schema):
    service: str
    code: str
    text: str


class ToSet(Schema):
    name: str
    service: str
    what: str
    around: str


class ClientFile(ClientShort):
    text: str
    notes: list[ClientNote]
    variables: list[ToSet]


def short(target: Target) -> dict[str, Any]:
    """One client: the name of its file, and where that is put."""
    plain = {key: getattr(target, key) for key in ("program", "language", "file", "hint")}
    places = [{"where": where, "path": path} for where, path in target.places]
    return plain | {"client": target.key, "places": places}


def full(file: File) -> dict[str, Any]:
    """The file with all there is to know of it."""
    return short(file.target) | {
        "text": file.written.text,
        "notes": [
            {"service": note.service, "code": note.code.value, "text": text_of(note)}
            for note in file.written.notes
        ],
        "variables": [vars(one) for one in presenter.settings_of(file)],
    }


@router.get("clients", auth=VIEWER, response=ClientList, summary="List clients that can be connected")
def client_list(request: HttpRequest) -> dict[str, Any]:
    """Programs whose configuration can be written."""
    return {"count": len(TARGETS), "results": [short(target) for target in TARGETS.values()]}


@router.get("clients/{client}", auth=VIEWER, response=ClientFile, summary="Get the configuration of a client")
def client_one(
    request: HttpRequest, client: Client, agent: Annotated[str, Query()] = GLOBAL_AGENT
) -> dict[str, Any]:
    """For all services, or those of one agent. No value of a secret is in it: `variables` are to be set."""
    return full(queries.of_agent(client, agent))


@router.get(
    "services/{name}/clients/{client}",
    auth=VIEWER,
    response=ClientFile,
    summary="Get the configuration of a client for one service",
)
def service_client(request: HttpRequest, name: Service, client: Client) -> dict[str, Any]:
    """No value of a secret is in it: `variables` are to be set."""
    return full(queries.of_service(client, name))
