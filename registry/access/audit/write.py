"""One row for each act: who did what to which thing, how it was before and after, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from registry.access.audit import content, origin
from registry.models import AuditEntry

Picture = Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Member:
    """One of the things that an act changed; `before` and `after` hold no secret values."""

    name: str
    detail: str = ""
    before: Picture = None
    after: Picture = None


def _clean(text: str, longest: int) -> str:
    return text.replace("\0", "�")[:longest]


def _entry(
    actor: str, action: str, target: str, detail: str, now: datetime, before: Picture, after: Picture
) -> AuditEntry:
    from_where = origin.current()
    was, became = content.differing(before, after)
    return AuditEntry(
        at=now.astimezone(UTC),
        actor=_clean(actor, 150),
        action=_clean(action, 64),
        target=_clean(target, 200),
        detail=_clean(detail, 500),
        door=from_where.door.value,
        address=from_where.address,
        before=content.kept(was),
        after=content.kept(became),
    )


def note(
    actor: str,
    action: str,
    target: str,
    detail: str = "",
    *,
    now: datetime,
    before: Picture = None,
    after: Picture = None,
) -> None:
    """Remember one act, in its transaction. Of *before* and *after* what differs is kept."""
    entry = _entry(actor, action, target, detail, now, before, after)
    entry.seal = content.seal(entry)
    entry.save()


def together(
    actor: str, action: str, members: Iterable[Member], *, now: datetime, target: str = "", detail: str = ""
) -> None:
    """Remember one act on many things as one row with its members; on a single thing, as `note` does."""
    named = list(members)
    if not named:
        return
    if len(named) == 1 and not target:
        (one,) = named
        note(actor, action, one.name, one.detail, now=now, before=one.before, after=one.after)
        return
    entry = _entry(actor, action, target or f"{len(named):,} services", detail, now, None, None)
    rows = [_columns(one) for one in named]
    entry.members, entry.seal = len(rows), ""
    entry.seal = content.seal(entry, rows)
    entry.save()
    _insert(entry, rows)


def _insert(entry: AuditEntry, rows: Sequence[content.Columns]) -> None:
    """By one plain statement: thousands of them must not be felt by whoever began the act."""
    columns = ("entry_id", "name", "detail", "before", "after")
    names, holes = ", ".join(columns), ", ".join(["%s"] * len(columns))
    values = [(entry.pk, *row) for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO registry_auditmember ({names}) VALUES ({holes})", values)  # noqa: S608


def _columns(one: Member) -> content.Columns:
    was, became = content.differing(one.before, one.after)
    return _clean(one.name, 64), _clean(one.detail, 500), content.kept(was), content.kept(became)
