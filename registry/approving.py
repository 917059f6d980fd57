"""Pin a contract, and approve what changed since: by an operator, audited, remembered in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from registry import cached, contracts, history, registration
from registry.access import audit
from registry.core.contract import Action
from registry.errors import RegistryError
from registry.models import Contract, ContractChange, Service, Tool, WaitingTool

Act = ContractChange.Act
NAMED = 20


class ContractError(RegistryError):
    """What was asked does not fit the contract as it is; nothing was changed."""

    code = "contract_conflict"


def why_waiting(service: Service, tool: str) -> str:
    """Why the tool may not be called yet, and what to do; empty where it may be."""
    row = contracts.waiting_for(service.pk, tool)
    if row is None:
        return ""
    what = "is new" if row.action == Action.ADDED else "changed"
    return (
        f"{tool[:80]!r} of {service.name} waits for approval: it {what} since the contract was pinned. "
        f"Look at the change under Tools of {service.name}, approve it there, and call again."
    )


def _locked(name: str) -> tuple[Service, Contract]:
    service = registration.get(name)
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
            history.note(service.pk, Act.PINNED, ["changes wait for approval from now on"], by=by, now=now)
            audit.note(by, "contract pinned", name, now=now)
    return service


def unpin(name: str, *, by: str, now: datetime) -> Service:
    """Follow the server again; what waited is taken as it is offered."""
    with transaction.atomic():
        service, contract = _locked(name)
        if contract.pinned_at is not None:
            taken = _apply(service, list(service.waiting_tools.all()))
            Contract.objects.filter(pk=service.pk).update(pinned_at=None, pinned_by="")
            history.note(
                service.pk, Act.UNPINNED, ["changes are taken at once from now on", *taken], by=by, now=now
            )
            audit.note(by, "contract unpinned", name, ", ".join(taken), now=now)
    return service


def approve(
    name: str,
    tools: Sequence[str] | None,
    *,
    by: str,
    now: datetime,
    seen: Mapping[str, str] | None = None,
) -> list[str]:
    """Take what waits into the contract, all of it or these tools; returns their names.

    *seen* are digests of what the person looked at: if the server has changed a tool again since then,
    ContractError, and nothing is approved. So it is with a tool that does not wait.
    """
    with transaction.atomic():
        service, _ = _locked(name)
        waiting = {row.name: row for row in service.waiting_tools.all()}
        wanted = list(waiting) if tools is None else list(dict.fromkeys(tools))
        if unknown := [tool for tool in wanted if tool not in waiting]:
            raise ContractError(f"{unknown[0][:80]!r} of {name} does not wait for approval.")
        if moved := [
            tool for tool in wanted if seen and seen.get(tool, waiting[tool].digest) != waiting[tool].digest
        ]:
            raise ContractError(
                f"{moved[0][:80]!r} of {name} changed again since you looked. Look once more."
            )
        if wanted:
            _apply(service, [waiting[tool] for tool in wanted])
            named = [f"{waiting[tool].action}: {tool[:200]}" for tool in wanted[:NAMED]]
            more = [f"and {len(wanted) - NAMED:,} more"] if len(wanted) > NAMED else []
            history.note(service.pk, Act.APPROVED, [*named, *more], by=by, now=now)
            audit.note(by, "contract approved", name, ", ".join([*named, *more]), now=now)
    return wanted


def _apply(service: Service, rows: Sequence[WaitingTool]) -> list[str]:
    """Bring the cached tools to what these rows say; the rows are done with."""
    names = [row.name for row in rows if row.action != Action.ADDED]
    first: dict[str, Tool] = {}
    for start in range(0, len(names), cached.CHUNK):
        part = Tool.objects.filter(service=service, name__in=names[start : start + cached.CHUNK])
        for tool in part.order_by("position"):
            first.setdefault(tool.name, tool)
    cached.bring(service.pk, rows, first)
    ids = [row.pk for row in rows]
    for start in range(0, len(ids), cached.CHUNK):
        WaitingTool.objects.filter(pk__in=ids[start : start + cached.CHUNK]).delete()
    return [f"{len(rows):,} waiting changes taken"] if rows else []
