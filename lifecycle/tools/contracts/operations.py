"""Pin tools and decide on those that wait: by the registry, with word of it to every open page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from lifecycle.live.feed import feed
from lifecycle.models import FeedItem
from registry.contracts import approve as contract_approve
from registry.contracts import record as contract_record
from registry.models import Contract, Service, WaitingTool


def pin(name: str, *, by: str, now: datetime) -> None:
    """From now on a changed or new tool waits for approval. ContractError where nothing was ever listed."""
    with transaction.atomic():
        _tell(contract_approve.pin(name, by=by, now=now), now)


def unpin(name: str, *, by: str, now: datetime) -> None:
    """Follow the server again; what waits is taken as it is offered."""
    contract_approve.unpin(name, by=by, now=now, tell=lambda service: _tell(service, now))


def approve(name: str, tool: str, *, seen: str, by: str, now: datetime) -> None:
    """Take one change, if it is still what was *seen*; else ContractError."""
    with transaction.atomic():
        _tell(contract_approve.approve(name, tool, seen=seen, by=by, now=now), now)


def approve_all(name: str, *, seen: str, by: str, now: datetime) -> list[str]:
    """Take all that waits, if it is still what was *seen*; else ContractError. The tools' names."""
    return contract_approve.approve_all(
        name, seen=seen, by=by, now=now, tell=lambda service: _tell(service, now)
    )


def refuse(name: str, tool: str, *, seen: str, by: str, now: datetime) -> None:
    """Go on refusing one change, if it is still what was *seen*; else ContractError."""
    with transaction.atomic():
        _tell(contract_approve.refuse(name, tool, seen=seen, by=by, now=now), now)


def _tell(service: Service, now: datetime) -> None:
    feed.note(FeedItem.Kind.SERVICE, service.pk, now)


@dataclass(frozen=True, slots=True)
class Waits:
    """One tool that waits, in short: there may be thousands."""

    name: str
    action: str
    digest: str
    refused_at: datetime | None
    refused_by: str


@dataclass(frozen=True, kw_only=True)
class ContractStatus:
    """How the contract of a service stands. `rows` are all that waits, without the definitions."""

    contract: Contract | None
    rows: list[Waits]

    @property
    def pinned(self) -> bool:
        return self.contract is not None and self.contract.pinned_at is not None

    @property
    def undecided(self) -> int:
        """How many nobody has decided on."""
        return sum(row.refused_at is None for row in self.rows)

    @property
    def hash(self) -> str:
        """What `approve_all` asks for."""
        return contract_record.list_hash((row.name, row.digest) for row in self.rows)


def contract_status(service: Service) -> ContractStatus:
    """One query where nothing is pinned, none for a service that came with its contract."""
    contract = getattr(service, "contract", None)
    if contract is None or contract.pinned_at is None:
        return ContractStatus(contract=contract, rows=[])
    rows = service.waiting_tools.values_list("name", "action", "digest", "refused_at", "refused_by")
    return ContractStatus(contract=contract, rows=[Waits(*row) for row in rows])


def with_undecided(services: QuerySet[Service]) -> QuerySet[Service]:
    """The same services, each with `undecided`: how many of its tools wait for somebody to decide."""
    waiting = WaitingTool.objects.filter(service=OuterRef("pk"), refused_at=None).order_by()
    counted = waiting.values("service").annotate(n=Count("pk")).values("n")
    return services.annotate(undecided=Coalesce(Subquery(counted), 0))
