"""Which rows of each table match the filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.db.models.lookups import Exact, In

from lifecycle.models import Command, Episode, MonitoringGap, StateChange, WorkerSeen
from lifecycle.monitoring.events.filters import Filters
from registry.models import AuditEntry, AuditMember, ContractChange, Service

CONFIGURATION = (
    "service added",
    "service changed",
    "service removed",
    "service restored",
    "service archived",
    "policy changed",
    "rolled back",
    "edited file taken",
    "edited file replaced",
)
FEW = 20
"""So many services are looked up one by one."""
CANDIDATES = 1000
"""Transitions of one service among which the latest are; more than were ever written in a wrong order."""
BY_COMMAND = ("to run", "to be running", "to be stopped")
"""What an audit entry says of a change that a command made, which has a line of its own."""


def services(filters: Filters) -> QuerySet[Service]:
    """Those of the name and the tag, removed ones too: what happened stays true."""
    found = Service.objects.all()
    if filters.service:
        found = found.filter(name=filters.service)
    if filters.tag:
        tags = (json.dumps(filters.tag), json.dumps(filters.tag, ensure_ascii=False))
        found = found.filter(Q(tags__icontains=tags[0]) | Q(tags__icontains=tags[1]))
    return found


def within(column: str, filters: Filters) -> Q:
    """The span of time."""
    match = Q()
    if filters.since:
        match &= Q(**{f"{column}__gte": filters.since})
    if filters.until:
        match &= Q(**{f"{column}__lt": filters.until})
    return match


def looked_up(filters: Filters) -> Filters:
    """With the ids of the services that are meant; one query, where any are."""
    if not (filters.service or filters.tag):
        return filters
    return replace(filters, ids=tuple(services(filters).values_list("pk", flat=True)))


def _of(filters: Filters) -> Q:
    if not (filters.service or filters.tag):
        return Q()
    if filters.ids is not None and len(filters.ids) > FEW:
        # Hidden from the planner, which would sort all that ever happened to them instead of going by time.
        return Q(In(F("service_id") + Value(0), services(filters).values("pk").query))
    return Q(service__in=services(filters) if filters.ids is None else filters.ids)


def newest_of(found: QuerySet[StateChange], ids: Sequence[int]) -> QuerySet[StateChange]:
    """Of each of these services those of *found* that were written last: an index leads to them."""
    match = Q(pk__in=())
    for key in ids:
        match |= Q(pk__in=found.filter(service=key).order_by("-pk").values("pk")[:CANDIDATES])
    return StateChange.objects.filter(match)


def _by(column: str, filters: Filters) -> Q:
    return Q(**{column: filters.who}) if filters.who else Q()


def transitions(filters: Filters) -> QuerySet[StateChange]:
    """For the page and REST alike. *who* is the worker that wrote them."""
    match = _of(filters) & within("at", filters)
    if not filters.state:
        return StateChange.objects.filter(match & _by("worker", filters))
    if filters.who:
        # Hidden from the planner: few workers wrote all there is, and the index by state leads to less.
        match &= Q(Exact(Concat(F("worker"), Value("")), filters.who))
    return StateChange.objects.filter(match, after=filters.state)


def commands(filters: Filters) -> QuerySet[Command] | None:
    if filters.state:
        return None
    planned = Q(state=Command.State.PLANNED)
    return Command.objects.filter(~planned & _of(filters) & _by("requested_by", filters))


def configuration(filters: Filters) -> QuerySet[AuditEntry] | None:
    if filters.state:
        return None
    match = Q(action__in=CONFIGURATION) & ~Q(detail__in=BY_COMMAND) & _by("actor", filters)
    if filters.service or filters.tag:
        names = services(filters).values("name")
        members = AuditMember.objects.filter(entry=OuterRef("pk"), name__in=names)
        match &= Q(target__in=names) | Q(Exists(members))
    return AuditEntry.objects.filter(match)


def tools(filters: Filters) -> QuerySet[ContractChange] | None:
    return None if filters.state else ContractChange.objects.filter(_of(filters) & _by("by", filters))


def fired(filters: Filters) -> QuerySet[Episode] | None:
    if filters.state or filters.who:
        return None
    return Episode.objects.filter(_of(filters), fired_at__isnull=False)


def acknowledged(filters: Filters) -> QuerySet[Episode] | None:
    if filters.state:
        return None
    match = _of(filters) & _by("acknowledged_by", filters)
    return Episode.objects.filter(match, acknowledged_at__isnull=False)


def resolved(filters: Filters) -> QuerySet[Episode] | None:
    """Of those that fired; a tool change is told once and has no end to tell of."""
    if filters.state:
        return None
    match = _of(filters) & _by("ended_by", filters) & ~Q(resolved_at=F("fired_at"))
    return Episode.objects.filter(match, resolved_at__isnull=False, fired_at__isnull=False)


def workers(filters: Filters) -> QuerySet[WorkerSeen] | None:
    if filters.state or filters.service or filters.tag:
        return None
    return WorkerSeen.objects.filter(_by("name", filters))


def stopped_workers(filters: Filters) -> QuerySet[WorkerSeen] | None:
    found = workers(filters)
    return None if found is None else found.filter(stopped_at__isnull=False)


def gaps(filters: Filters) -> QuerySet[MonitoringGap] | None:
    """Those of all services too, whatever service is asked for: they were its own as well."""
    if filters.state or filters.who:
        return None
    narrowed = Q(service=None) | _of(filters) if filters.service or filters.tag else Q()
    return MonitoringGap.objects.filter(narrowed).exclude(
        cause__in=[MonitoringGap.Cause.RESTING, MonitoringGap.Cause.MAINTENANCE]
    )


def ended_gaps(filters: Filters) -> QuerySet[MonitoringGap] | None:
    found = gaps(filters)
    return None if found is None else found.filter(ended_at__isnull=False)
