"""Whose services a client is told of, and the file that it gets; what a scope hides is not in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import QuerySet

from registry.agents import operations as agents
from registry.core.clients.writing.meaning import Meant, meant
from registry.core.clients.writing.notes import Code, Note
from registry.core.clients.writing.table import TARGETS
from registry.core.clients.writing.target import Target
from registry.core.clients.writing.write import Written, written
from registry.errors import InvalidConfigError, RegistryError
from registry.models import Desired, Service
from registry.services import register


class ClientNotFoundError(RegistryError):
    """No client of this name is written for."""

    code = "client_not_found"

    def __init__(self, name: str) -> None:
        self.name = name
        known = ", ".join(TARGETS)
        super().__init__(f"There is no client {name[:80]!r}. Name one of {known}.")


@dataclass(frozen=True, kw_only=True)
class File:
    """The file of one client, and where it is put."""

    target: Target
    written: Written
    services: int


def target(name: str) -> Target:
    """The client of this name; ClientNotFoundError."""
    found = TARGETS.get(name)
    if found is None:
        raise ClientNotFoundError(name)
    return found


def of_service(client: str, name: str) -> File:
    """For one service; ServiceNotFoundError, ClientNotFoundError."""
    return _file(target(client), Service.objects.filter(pk=register.get(name).pk))


def of_agent(client: str, name: str) -> File:
    """For the services of an agent, all of them for the built-in one; AgentNotFoundError."""
    return _file(target(client), agents.services_of(agents.get(name or agents.GLOBAL_AGENT)))


def _file(wanted: Target, services: QuerySet[Service]) -> File:
    rows = list(services.order_by("position", "pk").values_list("name", "entry", "desired"))
    told: list[Meant] = []
    left_out: list[Note] = []
    for name, entry, desired in rows:
        try:
            told.append(meant(name, entry, on=desired == Desired.RUNNING))
        except InvalidConfigError as exc:
            why = f"{exc.where} {exc.what}. {exc.remedy}."
            left_out.append(Note(service=name, code=Code.LEFT_OUT, about={"why": why}))
    made = written(wanted, told)
    return File(target=wanted, written=replace(made, notes=(*made.notes, *left_out)), services=len(rows))
