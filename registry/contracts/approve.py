"""Pin a contract, approve or refuse what changed since: by an operator, audited, kept in the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from registry.access import audit
from registry.contracts import cached_lists, history, record
from registry.contracts.cached_lists import OFFER, Offer
from registry.core.contract.compare import Action
from registry.errors import ContractError, ToolUnknownError
from registry.models import Contract, ContractChange, Service, WaitingTool
from registry.services import register

Act = ContractChange.Act
NAMED = 20
AT_ONCE = 1000
Tell = Callable[[Service], object]


def _nobody(service: Service) -> None:
    """There is nobody to tell."""


def why_waiting(service: Service, tool: str) -> str:
    """Why the tool may not be called yet, and what to do; empty where it may be."""
    row = record.waiting_for(service.pk, tool)
    if row is None:
        return ""
    what = "is new" if row.action == Action.ADDED else "changed"
    refused = f" {row.refused_by} refused it." if row.refused_at else ""
    return (
        f"{tool[:80]!r} of {service.name} waits for approval: it {what} since the contract was pinned."
        f"{refused} Look at the change under Tools of {service.name}, approve it there, and call again."
    )


def _locked(name: str) -> tuple[Service, Contract]:
    service = register.get(name)
    found = Contract.objects.select_for_update().filter(pk=service.pk).first()
    if found is None:
        raise ContractError(f"The tools of {name} were never listed; there is nothing to pin or approve yet.")
    return service, found


def pin(name: str, *, by: str, now: datetime) -> Service:
    """From now on a changed or new tool waits for approval."""
    with transaction.atomic():
        service, contract = _locked(name)
        if contract.pinned_at is None:
            Contract.objects.filter(pk=service.pk).update(pinned_at=now, pinned_by=by[:150])
            history.note(service.pk, Act.PINNED, ["changes require approval from now on"], by=by, now=now)
            audit.note(by, "contract pinned", name, now=now)
    return service


def unpin(name: str, *, by: str, now: datetime, tell: Tell = _nobody) -> Service:
    """Follow the server again; what waited is taken as it is offered, all but the last 1,000 beforehand."""
    while _take_ahead(name, by, now):
        pass
    with transaction.atomic():
        service, contract = _locked(name)
        if contract.pinned_at is not None:
            taken = _apply(service, _offers(service))
            Contract.objects.filter(pk=service.pk).update(pinned_at=None, pinned_by="")
            history.note(
                service.pk,
                Act.UNPINNED,
                ["changes are accepted immediately from now on", *taken],
                by=by,
                now=now,
            )
            audit.note(by, "contract unpinned", name, ", ".join(taken), now=now)
        tell(service)
    return service


def _take_ahead(name: str, by: str, now: datetime) -> bool:
    """Take some of what waits, where that is very much; whether there was so much."""
    with transaction.atomic():
        service, contract = _locked(name)
        waiting = service.waiting_tools
        if contract.pinned_at is None or waiting.count() <= AT_ONCE:
            return False
        rows = waiting.order_by("id").values_list(*OFFER)[:AT_ONCE]
        taken = _apply(service, [Offer(*row) for row in rows])
        history.note(service.pk, Act.APPROVED, [*taken, "the tools are being unpinned"], by=by, now=now)
    return True


def approve(name: str, tool: str, *, seen: str, by: str, now: datetime) -> Service:
    """Take one change into the contract.

    *seen* is the digest of what the person looked at (empty for a tool that is no longer offered): where the
    server has changed the tool again since then, ContractError, and nothing is approved.
    """
    with transaction.atomic():
        service, _ = _locked(name)
        row = _waiting(service, tool, seen)
        _take(service, [Offer(row.pk, row.name, row.action, row.digest, row.definition)], by, now)
    return service


def approve_all(name: str, *, seen: str, by: str, now: datetime, tell: Tell = _nobody) -> list[str]:
    """Take all that waits, refused ones too; *seen* is the `list_hash` of it. The tools' names.

    Up to 1,000 are one transaction, in which *tell* is called; more are several, so that others can write
    between them. ContractError where something else waits: then nothing is approved, or, if the server
    changes tools meanwhile, all others are.
    """
    with transaction.atomic():
        service, _ = _locked(name)
        listed = list(service.waiting_tools.order_by("id").values_list("pk", "name", "digest"))
        if record.list_hash((tool, digest) for _pk, tool, digest in listed) != seen:
            raise ContractError(f"The waiting tools of {name} have changed. Review them again.")
        taken = _take_part(service, listed[:AT_ONCE], by, now, tell)
    for start in range(AT_ONCE, len(listed), AT_ONCE):
        with transaction.atomic():
            service, _ = _locked(name)
            taken += _take_part(service, listed[start : start + AT_ONCE], by, now, tell)
    if missed := len(listed) - len(taken):
        raise ContractError(
            f"{missed:,} tools of {name} changed again in the meantime; {len(taken):,} are approved."
        )
    return taken


def _take_part(
    service: Service, listed: Sequence[tuple[int, str, str]], by: str, now: datetime, tell: Tell
) -> list[str]:
    """Those of them that are offered as they were listed; their names."""
    rows = service.waiting_tools.filter(pk__in=[pk for pk, _name, _digest in listed]).order_by("id")
    seen = {pk: digest for pk, _name, digest in listed}
    offers = [offer for row in rows.values_list(*OFFER) if (offer := Offer(*row)).digest == seen[offer.pk]]
    if offers:
        _take(service, offers, by, now)
        tell(service)
    return [offer.name for offer in offers]


def refuse(name: str, tool: str, *, seen: str, by: str, now: datetime) -> Service:
    """Go on refusing calls to the tool as it is offered now; it is no longer counted as waiting."""
    with transaction.atomic():
        service, _ = _locked(name)
        row = _waiting(service, tool, seen)
        if row.refused_at is None:
            WaitingTool.objects.filter(pk=row.pk).update(refused_at=now, refused_by=by[:150])
            said = _named(row)
            history.note(service.pk, Act.REFUSED, [said], by=by, now=now)
            audit.note(by, "contract change refused", name, said, now=now)
    return service


def _waiting(service: Service, tool: str, seen: str) -> WaitingTool:
    """The tool as it waits, if that is what was seen."""
    row = waits(service, tool)
    if row.digest != seen:
        raise ContractError(f"{tool[:80]!r} of {service.name} has changed again. Review it again.")
    return row


def waits(service: Service, tool: str) -> WaitingTool:
    """The tool as it waits; ContractError where it does not, ToolUnknownError where there is none."""
    row = service.waiting_tools.filter(name=tool).first()
    if row is None:
        if service.tools.filter(name=tool).exists():
            raise ContractError(f"{tool[:80]!r} of {service.name} does not wait for approval.")
        raise ToolUnknownError(f"{service.name} has no tool {tool[:80]!r}.")
    return row


def _take(service: Service, rows: Sequence[Offer], by: str, now: datetime) -> None:
    _apply(service, rows)
    named = [_named(row) for row in rows[:NAMED]]
    more = [f"and {len(rows) - NAMED:,} more"] if len(rows) > NAMED else []
    history.note(service.pk, Act.APPROVED, [*named, *more], by=by, now=now)
    audit.note(by, "contract approved", service.name, ", ".join([*named, *more]), now=now)


def _named(row: Offer | WaitingTool) -> str:
    return f"{row.action}: {row.name[:200]}"


def _apply(service: Service, offers: Sequence[Offer]) -> list[str]:
    """Bring the cached tools to what is offered."""
    cached_lists.bring(service.pk, offers)
    return [f"{len(offers):,} pending changes accepted"] if offers else []


def _offers(service: Service) -> list[Offer]:
    """All that waits. No model instances: there may be ten thousand."""
    return [Offer(*row) for row in service.waiting_tools.order_by("id").values_list(*OFFER)]
