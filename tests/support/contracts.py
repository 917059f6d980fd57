"""A service with a contract, and what is told and waits of it."""

from __future__ import annotations

from registry.contracts import approve as contract_approve
from registry.models import ContractChange, Service, Tool, WaitingTool
from tests.support.offering import offer, tool
from tests.support.registering import NOW


def make_service() -> Service:
    return Service.objects.create(name="weather", transport="streamable-http", created_at=NOW, updated_at=NOW)


def told(service: Service) -> list[tuple[str, str, str]]:
    rows = ContractChange.objects.filter(service=service).order_by("id")
    return [(row.action, row.name, row.grade) for row in rows]


def names(service: Service) -> list[str]:
    return list(Tool.objects.filter(service=service).values_list("name", flat=True))


def waiting(service: Service) -> dict[str, str]:
    return dict(WaitingTool.objects.filter(service=service).values_list("name", "action"))


def digest(name: str) -> str:
    return WaitingTool.objects.get(name=name).digest


def pin(service: Service) -> Service:
    offer(service, tool("a"), tool("b"))
    contract_approve.pin("weather", by="ann", now=NOW)
    return service
