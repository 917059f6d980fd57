"""Whether an alert may be told now, and what keeps it from being."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.core.alerting.evaluate import RESUMED
from lifecycle.core.alerting.silences import Target
from lifecycle.models import Episode, EpisodeNote, MaintenancePeriod, MaintenanceWindow, Silence

Kind = EpisodeNote.Kind
LATELY = timedelta(minutes=5)
ENDS = ("starts_at", "ends_at")


def target_of(row: Silence | MaintenanceWindow) -> Target:
    return Target(
        services=frozenset(row.services),
        tags=frozenset(row.tags),
        rules=frozenset(row.rules) if isinstance(row, Silence) else frozenset(),
    )


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What keeps silent. A window does so for a moment longer, while services come back."""

    kind: Kind
    target: Target
    text: str
    by: str
    until: datetime


@dataclass(frozen=True)
class Quiet:
    """All that keeps silent at one moment."""

    reasons: Sequence[Reason] = ()

    def why(self, row: Episode) -> Reason | None:
        """What keeps this episode from being told; a mass failure is kept by what covers every service."""
        service = row.service
        name, tags = (service.name, service.tags) if service else (None, [])
        return next((one for one in self.reasons if one.target.covers(name, tags, row.rule_id)), None)


def now_is(now: datetime) -> Quiet:
    """Two small queries."""
    return Quiet([*_silences(now), *_windows(now)])


def marks(now: datetime) -> object:
    """Something that is another one when a silence or a window began or ended; two small queries."""
    lately = now - LATELY
    silences = Silence.objects.filter(ends_at__gt=lately).order_by("pk")
    periods = MaintenancePeriod.objects.filter(ended_at__gt=lately, began_at__lte=now).order_by("pk")
    return (
        [(pk, began <= now, now >= ended) for pk, began, ended in silences.values_list("pk", *ENDS)],
        [(pk, now >= end + RESUMED) for pk, end in periods.values_list("pk", "ended_at")],
    )


def _silences(now: datetime) -> Iterable[Reason]:
    for row in Silence.objects.filter(starts_at__lte=now, ends_at__gt=now):
        text = row.comment or f"silence {row.pk}"
        yield Reason(
            kind=Kind.SILENCED, target=target_of(row), text=text, by=row.created_by, until=row.ends_at
        )


def _windows(now: datetime) -> Iterable[Reason]:
    rows = MaintenancePeriod.objects.filter(began_at__lte=now, ended_at__gt=now - RESUMED)
    for row in rows.select_related("window"):
        yield Reason(
            kind=Kind.MAINTENANCE,
            target=target_of(row.window),
            text=row.window.name,
            by=row.window.created_by,
            until=row.ended_at,
        )


def trace(row: Episode, reason: Reason, now: datetime) -> None:
    """Say on the episode, once for each cause, that it is not told and why."""
    trace_all([(row, reason)], now)


def trace_all(kept: Sequence[tuple[Episode, Reason]], now: datetime) -> None:
    """The same of several; nothing is asked of the database where there are none."""
    if not kept:
        return
    notes = {(row.pk, reason.kind.value, _said(reason)): reason for row, reason in kept}
    there = EpisodeNote.objects.filter(episode__in=[row.pk for row, _ in kept])
    known = set(there.values_list("episode", "kind", "text"))
    EpisodeNote.objects.bulk_create(
        EpisodeNote(episode_id=episode, kind=kind, text=text, at=now, by=reason.by)
        for (episode, kind, text), reason in notes.items()
        if (episode, kind, text) not in known
    )


def _said(reason: Reason) -> str:
    until = reason.until.isoformat(timespec="minutes").replace("+00:00", "Z")
    return f"{reason.text} (until {until})"[:1000]
