"""Rows of the audit log in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as lazy

from registry.access.audit import content
from registry.access.audit.origin import Door
from registry.core.diff import documents
from registry.installation.sentences import said
from registry.models import AuditEntry, AuditMember

DOORS = {
    Door.PAGE.value: lazy("Page"),
    Door.REST.value: lazy("REST"),
    Door.COMMAND.value: lazy("Command line"),
    Door.PYTHON.value: lazy("Python"),
    Door.WORKER.value: lazy("Worker"),
    Door.CONSOLE.value: lazy("Console"),
}
ACTIONS = {
    "alert.acknowledge": lazy("alert acknowledged"),
    "alert.note": lazy("note added"),
    "alert-rule.add": lazy("rule added"),
    "alert-rule.change": lazy("rule changed"),
    "alert-rule.delete": lazy("rule deleted"),
    "alert-rule.disable": lazy("rule disabled"),
    "alert-rule.enable": lazy("rule enabled"),
    "alert-rules.shipped": lazy("default rules added"),
    "channel.add": lazy("channel added"),
    "channel.change": lazy("channel changed"),
    "channel.delete": lazy("channel deleted"),
    "channel.disable": lazy("channel disabled"),
    "channel.rotate": lazy("signing secret rotated"),
    "channel.test": lazy("channel tested"),
    "delivery.replay": lazy("message sent again"),
    "mail.test": lazy("mail tested"),
    "maintenance.add": lazy("maintenance added"),
    "maintenance.change": lazy("maintenance changed"),
    "maintenance.end": lazy("maintenance ended"),
    "maintenance.remove": lazy("maintenance deleted"),
    "signin.test": lazy("sign-in provider tested"),
    "silence.add": lazy("silence added"),
    "silence.change": lazy("silence changed"),
    "silence.end": lazy("silence ended"),
    "statuspage.add": lazy("status page added"),
    "statuspage.change": lazy("status page changed"),
    "statuspage.delete": lazy("status page deleted"),
    "statuspage.link": lazy("status page link renewed"),
    "statuspage.note": lazy("incident published"),
    "statuspage.unnote": lazy("incident withdrawn"),
}
"""Those that are stored as names, in words like all others."""


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
    word: str
    door: str
    has_diff: bool


def row(entry: AuditEntry) -> Row:
    """One act in the list."""
    has_diff = bool(entry.before or entry.after or entry.members)
    return Row(entry=entry, word=action_word(entry.action), door=door(entry), has_diff=has_diff)


def action_word(action: str) -> str:
    """What was done, in words; files and REST have the action as it is stored."""
    return str(ACTIONS[action]) if action in ACTIONS else said(action)


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
