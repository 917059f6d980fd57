"""Whether an alert may be told now, and what keeps it from being."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from lifecycle.core.alerting.evaluate import RESUMED
from lifecycle.core.alerting.silences import Target
from lifecycle.models import AlertRule, Episode, EpisodeNote, MaintenancePeriod, MaintenanceWindow, Silence
from registry.models import Service

Kind = EpisodeNote.Kind
LATELY = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=60)
ENDS = ("starts_at", "ends_at")


def target_of(row: Silence | MaintenanceWindow) -> Target:
    return Target(
        services=frozenset(row.services),
        tags=frozenset(row.tags),
        rules=frozenset(row.rules) if isinstance(row, Silence) else frozenset(),
    )


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What keeps silent, but not the rules that it `spares`.

    A window does so for a moment longer, while services come back; flapping until it is over, of which
    *until* is only the time to look again.
    """

    kind: Kind
    target: Target
    text: str
    by: str
    until: datetime
    spares: frozenset[int] = frozenset()

    def covers(self, service: Service | None, rule: int) -> bool:
        """Whether this keeps an episode of *rule* silent."""
        name, tags = (service.name, service.tags) if service else (None, [])
        return rule not in self.spares and self.target.covers(name, tags, rule)


@dataclass(frozen=True)
class Quiet:
    """All that keeps silent at one moment."""

    reasons: Sequence[Reason] = ()

    def why(self, row: Episode) -> Reason | None:
        """What keeps this episode from being told; a mass failure is kept by what covers every service."""
        return next((one for one in self.reasons if one.covers(row.service, row.rule_id)), None)


def now_is(now: datetime, *, flapping: bool = True) -> Quiet:
    """Three small queries; two for who knows already that no alert of *flapping* is open."""
    return Quiet([*_silences(now), *_windows(now), *(_flapping(now) if flapping else ())])


def marks(now: datetime) -> object:
    """Something that is another one when a silence or a window began or ended; two small queries."""
    lately = now - LATELY
    silences = Silence.objects.filter(ends_at__gt=lately).order_by("pk")
    periods = MaintenancePeriod.objects.filter(ended_at__gt=lately, began_at__lte=now).order_by("pk")
    return (
        [(pk, began <= now, now >= ended) for pk, began, ended in silences.values_list("pk", *ENDS)],
        [(pk, now >= end + RESUMED) for pk, end in periods.values_list("pk", "ended_at")],
        sorted(_told_as_flapping().values_list("pk", flat=True)),
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


def _told_as_flapping() -> QuerySet[Episode]:
    """Open alerts of services that change their state again and again, which somebody is told of."""
    open_now = Q(state__in=[Episode.State.FIRING, Episode.State.ACKNOWLEDGED])
    flapping = Q(rule__condition=AlertRule.Condition.FLAPPING, rule__channels__enabled=True)
    standing = Episode.objects.exclude(state=Episode.State.RESOLVED)  # said for the index of open ones
    return standing.filter(open_now, flapping, service__isnull=False).distinct()


def _flapping(now: datetime) -> Iterable[Reason]:
    """One notice of the flapping, and then nothing of the service by other rules until it is stable."""
    rows = list(_told_as_flapping().select_related("service", "rule"))
    spared = frozenset(row.rule_id for row in rows)
    for row in rows:
        if row.service is not None:
            yield Reason(
                kind=Kind.FLAPPING,
                target=Target(services=frozenset([row.service.name])),
                text=f"flapping, reported by “{row.rule.name}”",
                by="",
                until=now + LOOK_AGAIN,
                spares=spared,
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
    if reason.kind is Kind.FLAPPING:
        return reason.text[:1000]
    until = reason.until.isoformat(timespec="minutes").replace("+00:00", "Z")
    return f"{reason.text} (until {until})"[:1000]
