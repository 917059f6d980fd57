"""The contract of a service as its pages show it: every word is chosen here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.reading import clamp
from lifecycle.toolbox import clip
from registry import history
from registry.core import comparing, contract_text
from registry.core.contract import Grade
from registry.models import ContractChange, Service

Act, Kind = ContractChange.Act, ContractChange.Kind
PAGE_SIZE = 50
LINES_SHOWN = 2000
LINES_IN_LIST = 4
GRADES = {
    Grade.BREAKING: (lazy("Breaking"), "s-unreachable"),
    Grade.COMPATIBLE: (lazy("Compatible"), "s-healthy"),
    Grade.TEXT: (lazy("Text only"), "l-rest"),
}
ACTS = {
    Act.ADDED: lazy("added"),
    Act.REMOVED: lazy("removed"),
    Act.CHANGED: lazy("changed"),
    Act.FIRST_SEEN: lazy("First listing"),
    Act.MORE: lazy("Many changes"),
    Act.PINNED: lazy("Pinned"),
    Act.UNPINNED: lazy("Unpinned"),
    Act.APPROVED: lazy("Approved"),
}
KINDS = {
    Kind.TOOL: lazy("tool"),
    Kind.RESOURCE: lazy("resource"),
    Kind.TEMPLATE: lazy("resource template"),
    Kind.PROMPT: lazy("prompt"),
    Kind.CONTRACT: lazy("contract"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """A word with its shape and colour."""

    word: str
    css: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One sentence about a change; a badge where it has a grade of its own."""

    text: str
    badge: Badge | None


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


def badge_of(grade: str) -> Badge:
    """Of one of the grades; of an act of a person, that one."""
    word, css = GRADES[Grade(grade)]
    return Badge(word=str(word), css=css)


def _badge(row: ContractChange) -> Badge:
    if row.grade:
        return badge_of(row.grade)
    css = {Act.FIRST_SEEN: "l-start", Act.APPROVED: "l-ok"}.get(Act(row.action), "l-info")
    return Badge(word=str(ACTS[Act(row.action)]), css=css)


def said_of(lines: Sequence[dict[str, str]]) -> list[Said]:
    """The sentences about one change."""
    return [
        Said(
            text=clip(str(line.get("text", "")), 1000),
            badge=badge_of(line["grade"]) if line.get("grade") in list(Grade) else None,
        )
        for line in lines
    ]


def row_of(row: ContractChange, most: int = LINES_IN_LIST) -> ChangeRow:
    """One change with its first sentences."""
    told = Act(row.action) in (Act.ADDED, Act.REMOVED, Act.CHANGED)
    return ChangeRow(
        row=row,
        badge=_badge(row),
        title=clip(row.name, 200) if row.name.strip() or not told else _("(no name)"),
        act=str(ACTS[Act(row.action)]) if told or row.action == Act.MORE else "",
        about="" if row.kind in (Kind.TOOL, Kind.CONTRACT) else str(KINDS[Kind(row.kind)]),
        said=said_of(row.lines[:most]),
        more=max(len(row.lines) - most, 0),
    )


def comparison(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    """Two definitions side by side as text, as much of it as a page can hold."""
    lines = comparing.compared(contract_text.as_text(old), contract_text.as_text(new))
    return {"lines": lines[:LINES_SHOWN], "more_lines": max(len(lines) - LINES_SHOWN, 0)}


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a long list."""

    rows: list[Any]
    number: int
    count: int
    text: str
    previous: int
    next: int


def page_of(rows: QuerySet[Any], count: int, number: int, size: int = PAGE_SIZE) -> Page:
    """The page of this number, or the nearest there is; 0 where it has no neighbour."""
    number = clamp(number, count, size)
    first, last = (number - 1) * size, min(number * size, count)
    return Page(
        rows=list(rows[first:last]),
        number=number,
        count=count,
        text=_("%(first)s–%(last)s of %(count)s")
        % {"first": f"{first + 1:,}", "last": f"{last:,}", "count": f"{count:,}"},
        previous=number - 1 if number > 1 else 0,
        next=number + 1 if last < count else 0,
    )


def history_page(service: Service, grade: str, number: int) -> Page:
    """One page of the history, newest first."""
    rows = history.of(service, grade)
    page = page_of(rows, rows.count(), number)
    return replace(page, rows=[row_of(row) for row in page.rows])


def choices() -> list[tuple[str, str]]:
    """What the history can be narrowed to."""
    return [("", _("All changes")), *((grade.value, str(word)) for grade, (word, _css) in GRADES.items())]
