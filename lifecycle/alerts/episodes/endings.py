"""How an episode that people were told of ended, and through whom."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

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


def of(row: Episode, service: Service, ending: Ending) -> tuple[Ending, str]:
    """The ending in full, and the name of the person who brought it about; empty for nobody known."""
    match ending:
        case Ending.RECOVERED:
            return _recovery(service)
        case Ending.STOPPED:
            return ending, _who_stopped(service, row.opened_at)
        case Ending.REMOVED:
            return ending, service.removed_by
        case _:
            return ending, ""


def _recovery(service: Service) -> tuple[Ending, str]:
    """By itself, unless the connection is the answer to what somebody asked for."""
    state = ServiceState.objects.get(service=service)
    answered = Q(state=Command.State.DONE, finished_at__gte=state.state_entered_at)
    asked = service.commands.filter(Q(state=Command.State.TAKEN) | answered, kind__in=ACTS)
    if (command := asked.order_by("-id").first()) is not None:
        return ACTS[Kind(command.kind)], command.requested_by
    lately = StateChange.objects.filter(service=service).order_by("-id")[:2]
    if any(change.reason == moves.RECONFIGURED for change in lately):
        return Ending.RECONFIGURED, ""
    return Ending.RECOVERED, ""


def _who_stopped(service: Service, since: datetime) -> str:
    stop = service.commands.filter(kind__in=STOPS, created_at__gte=since).order_by("-id").first()
    return stop.requested_by if stop else ""
