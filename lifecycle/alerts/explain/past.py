"""What is on record of services, as the pure evaluator reads it: moves, dependencies, silences, windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from lifecycle.alerts.episodes import folding
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.silences import quiet
from lifecycle.core.alerting.evaluate import RESUMED
from lifecycle.core.alerting.explain.course import Moved, Spell
from lifecycle.core.alerting.silences import Target
from lifecycle.core.health.verdict import Kind as FaultKind
from lifecycle.core.machine.states import SERVING, Event, State
from lifecycle.models import AlertRule, Episode, EpisodeNote, MaintenancePeriod, Silence, StateChange
from registry.models import Dependency, Service

Kind = EpisodeNote.Kind
MOVES_AT_MOST = 20_000
"""Of one service: who changes oftener than each minute is not looked at to the end."""
FRESH = (Event.START.value, Event.RECONNECT.value, "registered")
"""From here on *not serving since* counts anew, whatever was before."""


@dataclass(frozen=True)
class Record:
    """By service: its moves, and when a dependency was down that is told of; of `cut` not all was read."""

    moves: Mapping[int, list[Moved]]
    held: Mapping[int, list[Spell]] = field(default_factory=dict)
    cut: frozenset[int] = frozenset()

    def depends(self, service: int) -> bool:
        return service in self.held


def read(services: Collection[int], since: datetime, until: datetime) -> Record:
    """Of a few hundred services at most: five queries, whatever their number."""
    needs: defaultdict[int, set[int]] = defaultdict(set)
    rows = Dependency.objects.standing().filter(service__in=services).values_list("service", "depends_on")
    for one, other in rows:
        needs[one].add(other)
    others = {other for found in needs.values() for other in found}
    moves, cut = _moves({*services, *others}, since, until)
    told = _told_of(others) if others else set()
    down = {other: list(_down(moves.get(other, []), until)) for other in told}
    held = {one: [spell for other in found for spell in down.get(other, [])] for one, found in needs.items()}
    return Record(moves=moves, held=held, cut=frozenset(cut))


def _moves(
    services: Collection[int], since: datetime, until: datetime
) -> tuple[dict[int, list[Moved]], set[int]]:
    """From the last one before *since* at which it served, or began anew."""
    plain = Q(after__in=[state.value for state in SERVING]) | Q(event__in=FRESH)
    before = StateChange.objects.filter(plain, service=OuterRef("service"), at__lte=since).order_by("-id")
    first = Coalesce(Subquery(before.values("id")[:1]), 0)
    rows = StateChange.objects.filter(service__in=services, at__lt=until).annotate(first=first)
    found: defaultdict[int, list[Moved]] = defaultdict(list)
    cut: set[int] = set()
    for service, move in _read(rows.filter(id__gte=F("first")).order_by("service", "id")):
        if len(found[service]) < MOVES_AT_MOST:
            found[service].append(move)
        else:
            cut.add(service)
    return dict(found), cut


def _read(rows: QuerySet[StateChange]) -> Iterable[tuple[int, Moved]]:
    fields = rows.values_list("service", "at", "after", "event", "error_kind", "reason")
    for service, at, after, event, kind, reason in fields.iterator(chunk_size=2000):
        yield (
            service,
            Moved(
                at=at,
                after=State(after),
                event=event,
                failed=bool(kind),
                sign_in=kind == FaultKind.AUTH,
                reason=reason,
            ),
        )


def _told_of(others: Collection[int]) -> set[int]:
    """Those dependencies that a rule looks at, or that a person stopped."""
    rules = list(folding.telling_rules())
    found = Service.objects.filter(pk__in=others)
    return {
        one.pk
        for one in found
        if one.desired == "stopped" or any(rule_values.covers(rule, one) for rule in rules)
    }


def _down(moves: Sequence[Moved], until: datetime) -> Iterable[Spell]:
    began: datetime | None = None
    for move in moves:
        if move.after in SERVING:
            if began is not None:
                yield began, move.at
            began = None
        else:
            began = began or move.at
    if began is not None:
        yield began, until


@dataclass(frozen=True, kw_only=True)
class Hush:
    """One time in which something is not told, and why; but the rules that it `spares` are.

    While a service is flapping nothing else is told of it.
    """

    begin: datetime
    end: datetime
    target: Target
    kind: Kind
    text: str
    by: str
    spares: frozenset[int] = frozenset()

    @property
    def planned(self) -> bool:
        """Whether its end is known."""
        return self.kind is not Kind.FLAPPING

    def covers(self, service: Service | None, rule: AlertRule) -> bool:
        name, tags = (service.name, service.tags) if service else (None, [])
        return self.of(name, tags, rule)

    def of(self, name: str | None, tags: Collection[str], rule: AlertRule) -> bool:
        """The same of a service of this name."""
        own = self.kind is Kind.FLAPPING and rule.condition == AlertRule.Condition.FLAPPING
        return not own and rule.pk not in self.spares and self.target.covers(name, tags, rule.pk)


def hushes(since: datetime, until: datetime) -> list[Hush]:
    """All silences, maintenance and told flapping that lie in this time in part; three queries."""
    found = [
        Hush(
            begin=row.starts_at,
            end=row.ends_at,
            target=quiet.target_of(row),
            kind=Kind.SILENCED,
            text=row.comment or f"silence {row.pk}",
            by=row.created_by,
        )
        for row in Silence.objects.filter(starts_at__lt=until, ends_at__gt=since)
    ]
    periods = MaintenancePeriod.objects.filter(began_at__lt=until, ended_at__gt=since - RESUMED)
    found += _flapping(since, until)
    return found + [
        Hush(
            begin=row.began_at,
            end=row.ended_at + RESUMED,
            target=quiet.target_of(row.window),
            kind=Kind.MAINTENANCE,
            text=row.window.name,
            by=row.window.created_by,
        )
        for row in periods.select_related("window")
    ]


def _flapping(since: datetime, until: datetime) -> list[Hush]:
    """When services were flapping, as alerts tell that somebody was told of."""
    rows = Episode.objects.filter(rule__condition=AlertRule.Condition.FLAPPING, service__isnull=False)
    rows = rows.filter(rule__channels__enabled=True, fired_at__lt=until).exclude(resolved_at__lte=since)
    found = list(rows.select_related("service", "rule").distinct())
    spared = frozenset(row.rule_id for row in found)
    return [
        Hush(
            begin=row.fired_at,
            end=row.resolved_at or until,
            target=Target(services=frozenset([row.service.name])),
            kind=Kind.FLAPPING,
            text=row.rule.name,
            by="",
            spares=spared,
        )
        for row in found
        if row.service is not None and row.fired_at is not None
    ]
