"""How episodes that people were told of ended, and through whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery

from lifecycle.core.alerting.evaluate import Ending
from lifecycle.core.machine import moves
from lifecycle.models import Command, Episode, ServiceState, StateChange
from registry.models import Service

Kind = Command.Kind
ACTS = {
    Kind.RESTART: Ending.RESTARTED,
    Kind.RECONNECT: Ending.RECONNECTED,
    Kind.START: Ending.STARTED,
}
STOPS = (Kind.STOP, Kind.SET_STATE)
Told = tuple[Ending, str]
"""The ending in full, and the name of the person who brought it about; empty for nobody known."""


def of(ended: Iterable[tuple[Episode, Service, Ending]]) -> list[Told]:
    """Of each: a few queries for all that recovered, one for each that was stopped."""
    rows = list(ended)
    recovered = {service.pk for _, service, ending in rows if ending is Ending.RECOVERED}
    found = _recoveries(recovered) if recovered else {}
    return [
        found[service.pk] if ending is Ending.RECOVERED else _of(row, service, ending)
        for row, service, ending in rows
    ]


def _of(row: Episode, service: Service, ending: Ending) -> Told:
    match ending:
        case Ending.STOPPED:
            return ending, _who_stopped(service, row.opened_at)
        case Ending.REMOVED:
            return ending, service.removed_by
        case _:
            return ending, ""


def _recoveries(services: Collection[int]) -> dict[int, Told]:
    """By themselves, unless the connection is the answer to what somebody asked for."""
    found: dict[int, Told] = dict.fromkeys(services, (Ending.RECOVERED, ""))
    found |= dict.fromkeys(_reconfigured(services), (Ending.RECONFIGURED, ""))
    entered = F("service__state_row__state_entered_at")
    answered = Q(state=Command.State.DONE, finished_at__gte=entered)
    asked = Command.objects.filter(Q(state=Command.State.TAKEN) | answered, service__in=services)
    for key, kind, by in (
        asked.filter(kind__in=ACTS).order_by("id").values_list("service", "kind", "requested_by")
    ):
        if key is not None:
            found[key] = ACTS[Kind(kind)], by
    return found


def _reconfigured(services: Collection[int]) -> list[int]:
    """Those that one of the last two transitions was because of a change of the configuration."""
    lately = StateChange.objects.filter(service=OuterRef("service")).order_by("-id").values("reason")
    rows = ServiceState.objects.filter(service__in=services)
    last = rows.annotate(last=Subquery(lately[:1]), before=Subquery(lately[1:2]))
    mine = last.filter(Q(last=moves.RECONFIGURED) | Q(before=moves.RECONFIGURED))
    return list(mine.values_list("service", flat=True))


def _who_stopped(service: Service, since: datetime) -> str:
    stop = service.commands.filter(kind__in=STOPS, created_at__gte=since).order_by("-id").first()
    return stop.requested_by if stop else ""
