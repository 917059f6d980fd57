"""Silences made, changed and ended: the only writer of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from lifecycle.alerts.outbox import write
from lifecycle.alerts.silences import quiet, signs
from lifecycle.models import AlertRule, Episode, Silence
from registry.access import audit
from registry.access.audit import Member
from registry.errors import InvalidConfigError
from registry.models import Service
from registry.models.limits import unlimited

LONGEST = timedelta(days=366)
FIELDS = ("services", "tags", "rules", "starts_at", "ends_at", "comment")


def picture(row: Silence) -> dict[str, Any]:
    """As the audit log keeps it."""
    named = {name: getattr(row, name) for name in FIELDS}
    return named | {"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}


def add(values: Mapping[str, Any], *, by: str, now: datetime) -> Silence:
    """A new silence of checked *values*; InvalidConfigError says what is wrong."""
    row = Silence(created_by=by[:150], created_at=now)
    _fill(row, values, now)
    with transaction.atomic():
        row.save()
        audit.note(by, "silence.add", f"silence {row.pk}", now=now, after=picture(row))
        _mark([row], now)
    return row


def change(row: Silence, values: Mapping[str, Any], *, by: str, now: datetime) -> Silence:
    """*row* with other values."""
    before = picture(row)
    _fill(row, values, now)
    with transaction.atomic():
        row.save()
        audit.note(by, "silence.change", f"silence {row.pk}", now=now, before=before, after=picture(row))
        _mark([row], now)
    return row


def end(row: Silence, *, by: str, now: datetime) -> bool:
    """Over now; one that has not begun never does. False where it was over."""
    if row.ends_at <= now:
        return False
    before = picture(row)
    with transaction.atomic():
        row.ends_at, row.starts_at, row.ended_by = now, min(row.starts_at, now), by[:150]
        fields = {"ends_at": row.ends_at, "starts_at": row.starts_at, "ended_by": row.ended_by}
        Silence.objects.filter(pk=row.pk).update(**fields)
        audit.note(by, "silence.end", f"silence {row.pk}", now=now, before=before, after=picture(row))
        signs.note_open(now)
    return True


def snooze(row: Episode, minutes: int, *, by: str, now: datetime) -> Silence:
    """Not told for a while: this rule, of this service."""
    values = {
        "services": [row.service.name] if row.service else [],
        "rules": [row.rule_id],
        "starts_at": now,
        "ends_at": now + timedelta(minutes=minutes),
        "comment": f"snoozed by {by}",
    }
    with unlimited():  # whoever sees the episode may, also where its rule is about hidden services too
        return add(values, by=by, now=now)


def snooze_all(rows: Iterable[Episode], minutes: int, *, by: str, now: datetime) -> list[Silence]:
    """The same of many, as one act: a silence for each rule, of the services that it is about here."""
    about: dict[tuple[int, bool], set[str]] = defaultdict(set)
    for row in rows:
        about[row.rule_id, row.service is None].update([row.service.name] if row.service else [])
    made = [
        Silence(
            services=sorted(names),
            rules=[rule],
            starts_at=now,
            ends_at=now + timedelta(minutes=minutes),
            comment=f"snoozed by {by}",
            created_by=by[:150],
            created_at=now,
        )
        for (rule, _), names in sorted(about.items())
    ]
    with unlimited(), transaction.atomic():
        for silence in made:
            silence.save()
        _note_made(made, by, now)
        _mark(made, now)
    return made


def _note_made(made: Sequence[Silence], by: str, now: datetime) -> None:
    if len(made) == 1:
        audit.note(by, "silence.add", f"silence {made[0].pk}", now=now, after=picture(made[0]))
        return
    rules = AlertRule.objects.in_bulk([row.rules[0] for row in made])
    members = [
        Member(name=rules[row.rules[0]].name, detail=f"silence {row.pk}", after=picture(row)) for row in made
    ]
    audit.together(by, "silence.add", members, now=now, target=f"{len(made):,} silences")


def _fill(row: Silence, values: Mapping[str, Any], now: datetime) -> None:
    for name in FIELDS:
        if name in values:
            setattr(row, name, values[name])
    if row.ends_at <= row.starts_at:
        raise InvalidConfigError("ends_at", "is not after the start", "Write a later time")
    if row.ends_at - row.starts_at > LONGEST:
        raise InvalidConfigError("ends_at", "is more than a year after the start", "Write an earlier time")
    if row.ends_at <= now:
        raise InvalidConfigError("ends_at", "is past", "Write a later time")
    check_names(row.services)
    known = set(AlertRule.objects.filter(pk__in=row.rules).values_list("pk", flat=True))
    if unknown := [key for key in row.rules if key not in known]:
        raise InvalidConfigError("rules", f"there is no rule {unknown[0]}", "Use ids of GET alert-rules")


def check_names(names: list[str]) -> None:
    """InvalidConfigError where one of these is no service."""
    known = set(Service.objects.listed().filter(name__in=names).values_list("name", flat=True))
    if unknown := [name for name in names if name not in known]:
        raise InvalidConfigError(
            "services", f"there is no service {str(unknown[0])[:64]!r}", "Use names of services"
        )


def _mark(silences: Sequence[Silence], now: datetime) -> None:
    """Open episodes that they cover say so from now on, and what has not left yet of them stays."""
    hush, targets = quiet.now_is(now), [quiet.target_of(silence) for silence in silences]
    live = Episode.objects.filter(~Q(state=Episode.State.RESOLVED)).select_related("service", "rule")
    for row in live:
        about = signs.about(row)
        if any(target.covers(*about) for target in targets) and (reason := hush.why(row)):
            quiet.trace(row, reason, now)
            write.withdraw(row, now)
    signs.note_open(now)
