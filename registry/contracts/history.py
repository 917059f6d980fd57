"""The history of contracts as rows: bounded for each refresh and for each service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from registry.core.contract.compare import Change, Grade
from registry.core.contract.schema_values import canonical
from registry.errors import RegistryError
from registry.models import ContractChange, Service

Kind, Act = ContractChange.Kind, ContractChange.Act
ITEMS = (Kind.RESOURCE, Kind.TEMPLATE, Kind.PROMPT)
TOOLS_AT_ONCE, ITEMS_AT_ONCE = 200, 20
KEPT, ITEMS_KEPT = 500, 100
LARGEST = 100_000
Definitions = Mapping[str, Mapping[str, Any]]


class ChangeNotFoundError(RegistryError):
    """The service's history has no change of this number."""

    code = "change_not_found"

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"{name} has no change {number}; old ones are forgotten.")


def told(changes: Sequence[Change], most: int) -> list[Change]:
    """Those that get a line of their own: the worst first."""
    order = list(Grade)
    return sorted(changes, key=lambda change: order.index(change.grade))[:most]


def remember(
    service_id: int,
    kind: ContractChange.Kind,
    changes: Sequence[Change],
    old: Definitions,
    new: Definitions,
    *,
    now: datetime,
    waits: bool = False,
) -> None:
    """One row for each change, up to a limit, and one that counts the others."""
    most = TOOLS_AT_ONCE if kind is Kind.TOOL else ITEMS_AT_ONCE
    shown = told(changes, most)
    rows = [
        ContractChange(
            service_id=service_id,
            at=now,
            kind=kind,
            name=change.name,
            action=change.action.value,
            grade=change.grade.value,
            lines=lines_of(change),
            old=_kept(old.get(change.name)),
            new=_kept(new.get(change.name)),
            waits=waits,
        )
        for change in shown
    ]
    if len(changes) > len(shown):
        chosen = {(change.name, change.action) for change in shown}
        others = [change for change in changes if (change.name, change.action) not in chosen]
        rows.append(_more(service_id, kind, others, now))
    ContractChange.objects.bulk_create(rows, batch_size=100)
    prune(service_id)


def _more(
    service_id: int, kind: ContractChange.Kind, others: Sequence[Change], now: datetime
) -> ContractChange:
    counted = Counter(change.action.value for change in others)
    text = ", ".join(f"{number:,} {action}" for action, number in sorted(counted.items()))
    return ContractChange(
        service_id=service_id,
        at=now,
        kind=kind,
        action=Act.MORE,
        grade=told(others, 1)[0].grade.value,
        lines=[{"grade": "", "text": f"and {len(others):,} more: {text}"}],
    )


def note(
    service_id: int, act: ContractChange.Act, lines: Iterable[str], *, by: str = "", now: datetime
) -> None:
    """One row about the whole contract."""
    said = [{"grade": "", "text": line} for line in lines]
    ContractChange.objects.create(
        service_id=service_id, at=now, kind=Kind.CONTRACT, action=act, lines=said, by=by[:150]
    )
    prune(service_id)


def begin(texts: Mapping[int, str], now: datetime) -> None:
    """The first row of each of these services."""
    ContractChange.objects.bulk_create(
        ContractChange(
            service_id=pk,
            at=now,
            kind=Kind.CONTRACT,
            action=Act.FIRST_SEEN,
            lines=[{"grade": "", "text": text}],
        )
        for pk, text in texts.items()
    )


def lines_of(change: Change) -> list[dict[str, str]]:
    return [{"grade": line.grade.value, "text": line.text} for line in change.lines]


def _kept(definition: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if definition is None:
        return None
    if len(canonical(definition)) > LARGEST:
        return {"too_large": f"longer than {LARGEST:,} characters, so it was not saved"}
    return dict(definition)


def prune(service_id: int) -> None:
    """Forget the oldest rows beyond the limits; a list of files that never rests forgets only its own."""
    rows = ContractChange.objects.filter(service_id=service_id).order_by("-id")
    for found, most in ((rows.exclude(kind__in=ITEMS), KEPT), (rows.filter(kind__in=ITEMS), ITEMS_KEPT)):
        last = found.values_list("id", flat=True)[most : most + 1].first()
        if last is not None:
            found.filter(id__lte=last).delete()


def of(service: Service, grade: str = "") -> QuerySet[ContractChange]:
    """The history of one service without the definitions, newest first; of one grade, or all of it."""
    rows = ContractChange.objects.filter(service=service).defer("old", "new").order_by("-id")
    return rows.filter(grade=grade) if grade else rows


def one(service: Service, number: int) -> ContractChange:
    """This change with both definitions; ChangeNotFoundError if there is none, or no longer."""
    found = ContractChange.objects.filter(pk=number, service=service).first() if number < 2**63 else None
    if found is None:
        raise ChangeNotFoundError(service.name, number)
    return found
