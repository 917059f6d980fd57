"""The contract of a service as text for a terminal; every word of it may come from a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count

from lifecycle.tools.contracts import operations
from registry.contracts import cached_lists
from registry.core.contract import definition_text
from registry.core.diff import documents
from registry.management.terminal import Write, plain, table, when
from registry.models import Contract, ContractChange, Service, WaitingTool

GONE = "gone"
SHORT = 16
MARKS = {"out": "- ", "in": "+ ", "same": "  ", "gap": "…"}


def services(*, waiting: bool) -> list[Service]:
    """Those whose tools were ever listed, each with `undecided` and `offered`; or only where tools wait."""
    rows = operations.with_undecided(Service.objects.listed().filter(contract__isnull=False))
    found = rows.annotate(offered=Count("tools")).select_related("contract").order_by("name")
    return [service for service in found if getattr(service, "undecided", 0) or not waiting]


def say_services(write: Write, found: Iterable[Service]) -> None:
    """One line for each, as `services` gave them."""
    rows = [
        (
            service.name,
            getattr(service, "offered", 0),
            _pinned_by(service.contract),
            getattr(service, "undecided", 0),
            when(service.contract.changed_at),
        )
        for service in found
    ]
    table(write, ("SERVICE", "TOOLS", "PINNED BY", "WAITING", "CHANGED"), rows)


def _pinned_by(contract: Contract) -> str:
    return "-" if contract.pinned_at is None else contract.pinned_by or "?"


def say_history(write: Write, rows: Iterable[ContractChange]) -> None:
    """One line for each change."""
    cells = [(row.pk, when(row.at), row.grade or "-", _what(row), _said(row.lines)) for row in rows]
    table(write, ("ID", "WHEN", "CLASS", "WHAT", "HOW"), cells)


def say_change(write: Write, row: ContractChange) -> None:
    """One change: what is said of it, and the lines that differ."""
    write("  ".join(part for part in (when(row.at), row.grade, _what(row)) if part))
    for line in row.lines:
        write(_said([line]))
    _differing(write, row.old, row.new)


def say_waiting(write: Write, rows: Iterable[WaitingTool]) -> None:
    """One line for each tool that waits; its first column is what a decision is bound to."""
    cells = [
        (
            row.digest[:SHORT] or GONE,
            row.grade,
            when(row.since),
            row.refused_by or "-",
            _what(row),
            _said(row.lines),
        )
        for row in rows
    ]
    table(write, ("SEEN", "CLASS", "SINCE", "REFUSED BY", "WHAT", "HOW"), cells)


def say_offered(write: Write, row: WaitingTool) -> None:
    """The lines by which a tool that waits differs from what was approved."""
    approved = cached_lists.definitions_of(row.service_id, [row.name]).get(row.name)
    _differing(write, approved, row.definition)


def _what(row: ContractChange | WaitingTool) -> str:
    kind = row.kind if isinstance(row, ContractChange) else ContractChange.Kind.TOOL
    about = "" if kind == ContractChange.Kind.CONTRACT else f" {kind}"
    return plain(f"{row.action}{about} {row.name}".rstrip())


def _said(lines: Sequence[Mapping[str, str]]) -> str:
    return plain("; ".join(str(line.get("text", "")) for line in lines))


def _differing(write: Write, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
    for line in documents.compared(definition_text.as_text(old), definition_text.as_text(new)):
        write(f"{MARKS[line.kind]}{plain(line.text)}".rstrip())
