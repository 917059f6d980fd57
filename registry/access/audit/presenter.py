"""Rows of the audit log in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as lazy

from registry.access.audit import content
from registry.access.audit.origin import Door
from registry.core.diff import documents
from registry.models import AuditEntry, AuditMember

DOORS = {
    Door.PAGE.value: lazy("Page"),
    Door.REST.value: lazy("REST"),
    Door.COMMAND.value: lazy("Command line"),
    Door.PYTHON.value: lazy("Python"),
    Door.WORKER.value: lazy("Worker"),
    Door.CONSOLE.value: lazy("Console"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What differs between before and after, by line; of one thing."""

    name: str
    detail: str
    lines: list[documents.Line]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One act in the list."""

    entry: AuditEntry
    door: str
    has_diff: bool


def row(entry: AuditEntry) -> Row:
    """One act in the list."""
    return Row(entry=entry, door=door(entry), has_diff=bool(entry.before or entry.after or entry.members))


def door(entry: AuditEntry) -> str:
    """How it came in; empty for a row from before that was kept."""
    return str(DOORS.get(entry.door, entry.door))


def change(one: AuditEntry | AuditMember, name: str = "") -> Change:
    """Its before and after, compared."""
    lines = documents.compared(content.spread(one.before), content.spread(one.after))
    return Change(name=name, detail=one.detail, lines=lines)


SEALS = {
    "none": ("l-rest", lazy("Older than the seals")),
    "other key": ("l-rest", lazy("Sealed with another key")),
    "altered": ("l-bad", lazy("Altered after it was written")),
    "intact": ("l-ok", lazy("Unaltered")),
}


def seal_word(entry: AuditEntry) -> tuple[str, str]:
    """A CSS class and a sentence: whether this row is as it was written."""
    css, word = SEALS[seal_state(entry)]
    return css, str(word)


def seal_state(entry: AuditEntry) -> str:
    """The same as a key of SEALS."""
    if not entry.seal:
        return "none"
    if content.foreign(entry.seal):
        return "other key"
    return "intact" if entry.seal == content.seal(entry, content.columns_of(entry)) else "altered"


def plain(entry: AuditEntry) -> dict[str, Any]:
    """One act for a file; `before` and `after` are JSON texts, empty where there is none."""
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "who": entry.actor,
        "what": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "from": entry.door,
        "address": entry.address,
        "before": entry.before,
        "after": entry.after,
        "members": [member(one) for one in entry.named.all()] if entry.members else [],
    }


def member(one: AuditMember) -> dict[str, str]:
    """One of many, for a file."""
    return {"name": one.name, "detail": one.detail, "before": one.before, "after": one.after}
