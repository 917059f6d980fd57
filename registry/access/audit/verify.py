"""Check the audit log: every row's seal, every row's place, and that none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from registry.access.audit import chain, content
from registry.models import AuditEntry, AuditHead

AT_ONCE = 500
MOST_PROBLEMS = 50


@dataclass(kw_only=True)
class Verdict:
    """What was found. `last` is the end of the chain, to be compared with one that was noted elsewhere.

    `own`: a row of the key that is there now has been met; only older ones may have another.
    """

    rows: int = 0
    last: str = ""
    other_keys: int = 0
    own: bool = False
    problems: list[str] = field(default_factory=list)

    def blame(self, problem: str) -> None:
        """Kept up to a limit: a whole chain in another order would fill the screen."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def verify(expected: str = "") -> Verdict:
    """Read the whole log. *expected* is an earlier `last`, which must still be in it."""
    chain.tie_all()
    found = Verdict()
    with transaction.atomic():
        _walk(chain.head(), found)
        if expected and not _still_there(expected):
            found.blame(f"{expected}, noted earlier, is not in the log: rows at its end were removed")
    return found


def _still_there(expected: str) -> bool:
    position, _, link = expected.partition(":")
    known = position.isdigit() and AuditEntry.objects.filter(position=int(position), link=link).exists()
    first = AuditHead.objects.get(pk=1).first_position
    return known or (position.isdigit() and int(position) < first)


def _walk(end: AuditHead, found: Verdict) -> None:
    if not chain.trusted(end):
        found.blame("the note of where the log begins and ends was altered")
    before, position = end.first_link, end.first_position
    for row in _rows():
        number = row.position or 0
        if number != position:
            found.blame(_gap(position, number))
        _check(row, before if number == position else None, found)
        before, position = row.link, number + 1
        found.rows += 1
    if position <= end.last_position:
        found.blame(_gap(position, end.last_position + 1))
    elif end.last_link != before:
        found.blame("the end of the log is not the one that was noted")
    found.last = f"{position - 1}:{before}"


def _gap(expected: int, found: int) -> str:
    if found == expected + 1:
        return f"row {expected} is missing"
    return (
        f"rows {expected} to {found - 1} are missing" if found > expected else f"row {found} is out of order"
    )


def _rows() -> Iterator[AuditEntry]:
    last = 0
    while True:
        part = list(
            AuditEntry.objects.filter(position__gt=last)
            .order_by("position")
            .prefetch_related("named")[:AT_ONCE]
        )
        yield from part
        if len(part) < AT_ONCE:
            return
        last = part[-1].position or 0


def _check(row: AuditEntry, before: str | None, found: Verdict) -> None:
    """*before* is the link of the row before it; None where that is missing."""
    what = f"row {row.position} ({row.at:%Y-%m-%d %H:%M:%SZ}, {row.actor}, {row.action} {row.target})"
    if not row.seal:
        found.blame(f"{what} was not written by this console")
    elif content.foreign(row.seal):
        found.other_keys += 1
        if found.own:
            found.blame(f"{what} has a seal that no key of its time made")
    else:
        found.own = True
        if row.seal != content.seal(row, content.columns_of(row)):
            found.blame(f"{what} was altered")
    checkable = before is not None and (found.own or not content.foreign(row.link))
    if checkable and row.link != content.link(before or "", row):
        found.blame(f"{what} does not follow the row before it")
