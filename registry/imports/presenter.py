"""The import page: a draft's entries by outcome, no more of them than a page can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.core.clients.table import CLIENTS
from registry.core.documents.dialects import Found
from registry.core.documents.places import shorten
from registry.core.documents.trees import strings
from registry.core.entries import names as entry_names
from registry.core.entries import placeholders
from registry.errors import InvalidConfigError
from registry.imports import preview, staleness
from registry.imports.drafts import Draft
from registry.imports.preview import Ask, Preview, Row
from registry.models import Role

SHOWN = 100
CORRECTED = 25
LINKED = 20
TAKEABLE = ("asks", "changed", "added")
ORDER = ("invalid", "admin", *TAKEABLE, "unchanged")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row, and how it stands on the page; `unread` marks a correction that could not be read."""

    row: Row
    number: int
    taken: bool
    editable: bool
    unread: bool
    problem: InvalidConfigError | None

    @property
    def lines_high(self) -> int:
        """How high the entry's field is."""
        return min(max(self.row.text.count("\n") + 1, 3), 14)

    @property
    def typed_name(self) -> str:
        """The name as its field shows it."""
        return shown_name(self.row.item)

    @property
    def unit(self) -> str:
        """The unit that was chosen for its time limit."""
        return self.row.item.choice.unit if self.row.item else ""

    @property
    def asks_unit(self) -> bool:
        """Whether the unit of its time limit may be chosen: nobody said it, or a person did."""
        return bool(self.unit) or self._assumed("unit")

    @property
    def transport(self) -> str:
        """The transport that was chosen for it."""
        return self.row.item.choice.transport if self.row.item else ""

    @property
    def asks_transport(self) -> bool:
        """Whether its transport may be chosen."""
        return bool(self.transport) or self._assumed("transport")

    def _assumed(self, what: str) -> bool:
        return self.row.understood is not None and what in self.row.understood.assumed


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lines of one outcome; `more` are not shown."""

    kind: str
    lines: Sequence[Line]
    more: int

    @property
    def count(self) -> int:
        return len(self.lines) + self.more


@dataclass(frozen=True, kw_only=True)
class Question:
    """A value to give: asked by these services, given already or not."""

    name: str
    description: str
    secret: bool
    given: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    by: Sequence[str] = field(default_factory=list)


def shown_name(item: Found | None) -> str:
    """The name that an entry has in the document, fit for a field."""
    name = item.name if item else ""
    return shorten(name, entry_names.LIMIT) if isinstance(name, str) else ""


def look(draft: Draft, role: Role, unread: Mapping[int, InvalidConfigError]) -> tuple[Draft, dict[str, Any]]:
    """What is not saved yet, as the page shows it, and the draft that knows what was shown."""
    count = len(draft.document.found) + len(draft.document.names)
    left = frozenset(range(count)) - draft.saved.keys()
    if not left:
        return replace(draft, offered=frozenset(), rest=frozenset()), _saved(draft)
    since = staleness.revision()
    seen = preview.preview(draft.document, role=role, values=draft.known, at=left)
    lines = [_line(row, draft, unread.get(row.number)) for row in seen.rows]
    groups = [group for kind in ORDER if (group := _group(kind, lines)).count]
    takeable = {line.number for line in lines if kind_of(line) in TAKEABLE}
    offered = {line.number for group in groups for line in group.lines} & takeable
    draft = replace(
        draft, offered=frozenset(offered), rest=frozenset(takeable - offered), absent=tuple(seen.missing)
    )
    draft = staleness.noted(draft, since)
    return draft, _saved(draft) | {
        "groups": groups,
        "read_as": seen.read_as,
        "clients": [(name, client.label) for name, client in CLIENTS.items() if name],
        "locked": draft.locked,
        "opened": draft.carried is not None,
        "asks": _questions(draft, seen),
        "optional": [_question(ask, seen) for ask in seen.optional if ask.name not in draft.values],
        "removable": bool(seen.missing),
        "absent": [(name, name not in draft.spared) for name in seen.missing[:SHOWN]],
        "absent_more": seen.missing[SHOWN:],
        "absent_more_spared": draft.spared.issuperset(seen.missing[SHOWN:]),
        "rest": len(draft.rest),
        "rest_left_out": bool(draft.rest) and draft.rest <= draft.left_out,
        "takeable": bool(takeable),
        "only_unchanged": all(group.kind == "unchanged" for group in groups),
    }


def kind_of(line: Line) -> str:
    """The group of a line: an entry that only an admin may add is not wrong."""
    if line.problem is None:
        return line.row.outcome
    if line.problem.role:
        return "admin"
    return "asks" if line.problem.asks else "invalid"


def _line(row: Row, draft: Draft, unread: InvalidConfigError | None) -> Line:
    problem = unread or row.problem
    return Line(
        row=row,
        number=row.number,
        taken=row.number not in draft.left_out,
        editable=row.item is not None and bool(problem) and not (problem and (problem.role or problem.asks)),
        unread=unread is not None,
        problem=problem,
    )


def _group(kind: str, lines: Sequence[Line]) -> Group:
    mine = [line for line in lines if kind_of(line) == kind]
    limit = CORRECTED if kind == "invalid" else SHOWN
    return Group(kind=kind, lines=mine[:limit], more=max(len(mine) - limit, 0))


def _questions(draft: Draft, seen: Preview) -> list[Question]:
    """What is asked, and what was answered already and may be answered anew."""
    asked = {ask.name: ask for ask in seen.asks}
    answered = draft.values.keys() - asked.keys()
    left = _named([row.item.raw for row in seen.rows if row.item]) if answered else set()
    given = [
        Question(name=name, description="", secret=True, given=True)
        for name in draft.values
        if name in answered & left
    ]
    return [_question(ask, seen) for ask in asked.values()] + given


def _named(entries: list[Any]) -> set[str]:
    """The placeholders that entries hold."""
    return {hole.name for text in strings(entries) for hole in placeholders.holes(text)}


def _question(ask: Ask, seen: Preview) -> Question:
    by = [row.name for row in seen.rows if ask.name in row.asks]
    return Question(
        name=ask.name,
        description=ask.description,
        secret=ask.secret,
        by=by[:10],
        default=ask.default,
        choices=ask.choices,
    )


def _saved(draft: Draft) -> dict[str, Any]:
    counts = Counter(draft.saved.values())
    found = draft.document.found
    named = [str(found[number].name) for number in sorted(draft.saved) if number < len(found)]
    return {
        "draft": draft,
        "counts": {outcome: counts[outcome] for outcome in ("created", "updated", "unchanged")},
        "saved_names": named if len(named) <= LINKED else [],
    }
