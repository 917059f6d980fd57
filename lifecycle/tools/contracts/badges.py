"""The words, shapes and colours for changes of a contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.tools.contracts.operations import Waits
from registry.core.contract.compare import Action, Grade
from registry.models import ContractChange, WaitingTool

Act, Kind = ContractChange.Act, ContractChange.Kind
LONGEST_LINE = 1000
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
    Act.REFUSED: lazy("Refused"),
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


def badge_of(grade: str) -> Badge:
    """Of one of the grades; of an act of a person, that one."""
    word, css = GRADES[Grade(grade)]
    return Badge(word=str(word), css=css)


def change_badge(row: ContractChange) -> Badge:
    if row.grade:
        return badge_of(row.grade)
    css = {Act.FIRST_SEEN: "l-start", Act.APPROVED: "l-ok", Act.REFUSED: "l-bad"}.get(
        Act(row.action), "l-info"
    )
    return Badge(word=str(ACTS[Act(row.action)]), css=css)


def said_of(lines: Sequence[dict[str, str]]) -> list[Said]:
    """The sentences about one change."""
    return [
        Said(
            text=str(line.get("text", ""))[:LONGEST_LINE],
            badge=badge_of(line["grade"]) if line.get("grade") in list(Grade) else None,
        )
        for line in lines
    ]


def waiting_badge(row: WaitingTool | Waits) -> Badge:
    """What a tool that is not as it was approved shows beside its name."""
    if row.refused_at is not None:
        gone = row.action == Action.REMOVED
        return Badge(word=_("kept listed") if gone else _("refused"), css="l-rest" if gone else "l-bad")
    words = {Action.CHANGED: _("changed, awaiting approval"), Action.ADDED: _("new, awaiting approval")}
    return Badge(word=words.get(Action(row.action), _("no longer offered")), css="l-warning")
