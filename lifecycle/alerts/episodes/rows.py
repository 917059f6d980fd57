"""Rows of episodes, many in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate
from lifecycle.models import AlertRule, Episode
from registry.models import Service

FIELDS = (
    "state",
    "due_at",
    "fired_at",
    "clears_at",
    "summary",
    "ending",
    "ended_by",
    "resolved_at",
)


@dataclass(frozen=True, eq=False)
class Draft:
    """What a row is to become; without a row, one that begins."""

    row: Episode | None
    rule: AlertRule
    service: Service
    after: evaluate.Episode
    now: datetime
    summary: str = ""
    by: str = ""


def write(drafts: Sequence[Draft]) -> list[Episode | None]:
    """The rows as they are then; None where somebody else was first, and nothing was written."""
    found: dict[Draft, Episode | None] = {}
    found |= _open([draft for draft in drafts if draft.row is None])
    found |= _advance([draft for draft in drafts if draft.row is not None])
    return [found[draft] for draft in drafts]


def _open(drafts: Sequence[Draft]) -> dict[Draft, Episode | None]:
    """In one statement, unless one of them is there already."""
    if not drafts:
        return {}
    try:
        with transaction.atomic():
            made = Episode.objects.bulk_create([_new(draft) for draft in drafts])
        return dict(zip(drafts, made, strict=True))
    except IntegrityError:
        return {draft: _open_one(draft) for draft in drafts}


def _new(draft: Draft) -> Episode:
    return rule_values.new_episode(draft.rule, draft.service, draft.after, draft.summary)


def _open_one(draft: Draft) -> Episode | None:
    try:
        with transaction.atomic():
            return rule_values.open_episode(draft.rule, draft.service, draft.after, draft.summary)
    except IntegrityError:
        # Another worker opened it in this moment: one is enough, and the caller's work must stand.
        return None


def _advance(drafts: Sequence[Draft]) -> dict[Draft, Episode | None]:
    """Each from the state in which it was read; one after the other where one of them moved meanwhile."""
    if not drafts:
        return {}
    if _all_of_them(drafts):
        return {draft: draft.row for draft in drafts}
    return {draft: draft.row if _one(draft) else None for draft in drafts}


def _one(draft: Draft) -> bool:
    assert draft.row is not None
    return rule_values.advance(draft.row, draft.after, draft.summary, draft.now, draft.by)


class _Beaten(Exception):
    """Not every row was as we had read it."""


def _all_of_them(drafts: Sequence[Draft]) -> bool:
    columns = [one for one in Episode._meta.concrete_fields if one.name in FIELDS]
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(str(one.column))} = %s" for one in columns)
    sql = f"UPDATE {Episode._meta.db_table} SET {assignments} WHERE id = %s AND state = %s"  # noqa: S608
    rows: list[tuple[Episode, dict[str, Any]]] = []
    for draft in drafts:
        assert draft.row is not None
        rows.append(
            (draft.row, rule_values.fields_of(draft.row, draft.after, draft.summary, draft.now, draft.by))
        )
    values = [
        [*(one.get_db_prep_save(fields[one.name], connection) for one in columns), row.pk, row.state]
        for row, fields in rows
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, values)
            if cursor.rowcount != len(values):
                raise _Beaten
    except _Beaten:
        return False
    for row, fields in rows:
        for name, value in fields.items():
            setattr(row, name, value)
    return True
