"""The contract of a service in words for its pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from lifecycle.pages.humanize import ago, iso, local
from lifecycle.pages.paging import Page, page_of
from lifecycle.tools.contracts.badges import (
    ACTS,
    GRADES,
    KINDS,
    Act,
    Badge,
    Kind,
    Said,
    badge_of,
    change_badge,
    said_of,
    waiting_badge,
)
from lifecycle.tools.contracts.operations import ContractStatus
from lifecycle.tools.presenter import clip
from registry.contracts import cached_lists, history
from registry.core.contract import definition_text
from registry.core.contract.compare import Action
from registry.core.diff import documents
from registry.models import ContractChange, Service, WaitingTool

PAGE_SIZE = 50
WAITING_PAGE_SIZE = 20
LINES_SHOWN = 2000
LINES_EACH = 200
LINES_IN_LIST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRow:
    """One line of the history; `more` sentences are on the page of the change alone."""

    row: ContractChange
    badge: Badge
    title: str
    act: str
    about: str
    said: list[Said]
    more: int


def row_of(row: ContractChange, most: int = LINES_IN_LIST) -> ChangeRow:
    """One change with its first sentences."""
    told = Act(row.action) in (Act.ADDED, Act.REMOVED, Act.CHANGED)
    return ChangeRow(
        row=row,
        badge=change_badge(row),
        title=clip(row.name, 200) if row.name.strip() or not told else _("(no name)"),
        act=str(ACTS[Act(row.action)]) if told or row.action == Act.MORE else "",
        about="" if row.kind in (Kind.TOOL, Kind.CONTRACT) else str(KINDS[Kind(row.kind)]),
        said=said_of(row.lines[:most]),
        more=max(len(row.lines) - most, 0),
    )


def comparison(
    old: dict[str, Any] | None, new: dict[str, Any] | None, most: int = LINES_SHOWN
) -> dict[str, Any]:
    """Two definitions side by side as text, as much of it as a page can hold."""
    lines = documents.compared(definition_text.as_text(old), definition_text.as_text(new))
    return {"lines": lines[:most], "more_lines": max(len(lines) - most, 0)}


def history_page(service: Service, grade: str, number: int) -> Page:
    """One page of the history, newest first."""
    rows = history.of(service, grade)
    page = page_of(rows, rows.count(), number, PAGE_SIZE)
    return replace(page, rows=[row_of(row) for row in page.rows])


def choices() -> list[tuple[str, str]]:
    """What the history can be narrowed to."""
    return [("", _("All changes")), *((grade.value, str(word)) for grade, (word, _css) in GRADES.items())]


@dataclass(frozen=True, kw_only=True)
class WaitingCard:
    """One tool that waits: what a person looks at before deciding. `hash` binds the decision to it."""

    name: str
    title: str
    hash: str
    grade: Badge
    status: Badge
    said: list[Said]
    since_iso: str
    since: str
    since_full: str
    refused_by: str
    gone: bool
    lines: list[documents.Line]
    more_lines: int


def waiting_page(service: Service, contract_status: ContractStatus, number: int, now: datetime) -> Page:
    """One page of what waits, each against what was approved."""
    rows = service.waiting_tools.order_by("id")
    page = page_of(rows, len(contract_status.rows), number, WAITING_PAGE_SIZE)
    approved = cached_lists.definitions_of(service.pk, [row.name for row in page.rows])
    return replace(page, rows=[_waiting_card(row, approved.get(row.name), now) for row in page.rows])


def _waiting_card(row: WaitingTool, approved: dict[str, Any] | None, now: datetime) -> WaitingCard:
    return WaitingCard(
        name=row.name,
        title=clip(row.name, 200) if row.name.strip() else _("(no name)"),
        hash=row.digest,
        grade=badge_of(row.grade),
        status=waiting_badge(row),
        said=said_of(row.lines),
        since_iso=iso(row.since),
        since=ago(row.since, now),
        since_full=local(row.since),
        refused_by=row.refused_by,
        gone=row.action == Action.REMOVED,
        **comparison(approved, row.definition, LINES_EACH),
    )
