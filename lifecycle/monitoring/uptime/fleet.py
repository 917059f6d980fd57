"""Uptime of all services together, in service-seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import Case, Count, Min, Q, Value, When

from lifecycle.core.machine.moves import GAVE_UP
from lifecycle.core.machine.states import Event, State
from lifecycle.core.monitoring.uptime import NOTHING, Account, Standing, standing_of, total
from lifecycle.core.reconnection.restarts import NOT_RESTARTED
from lifecycle.models import MonitoringGap, ServiceHours
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime.history import Past
from registry.models import Service

AT_ONCE = 2000


def fleet_account(start: datetime, end: datetime, now: datetime) -> Account:
    """Service-seconds of all services that were there, from *start* until *end* or now.

    The time before a service was added counts for nothing at all. Those without a transition since *start*
    are counted together, the others one by one.
    """
    begin, finish = start.timestamp(), min(end, now).timestamp()
    if begin >= finish:
        return NOTHING
    alike, apart = _alike(start, end)
    common = history.load([0], begin, now.timestamp())[0]
    found = [
        Past([(begin, standing)], common.gaps).account(begin, finish).times(number)
        for standing, number in alike.items()
    ]
    ids = list(apart)
    for at in range(0, len(ids), AT_ONCE):
        part = ids[at : at + AT_ONCE]
        for key, past in history.load(part, begin, now.timestamp()).items():
            found.append(past.account(max(begin, apart[key]), finish))
    return total(found)


def visible_accounts(edges: Sequence[float], now: datetime) -> list[Account]:
    """Service-seconds from each edge to the next, of all that whoever looks may see.

    As in `fleet_account`, those without a transition since the first edge are counted together.
    """
    start, end = (datetime.fromtimestamp(edge, UTC) for edge in (edges[0], edges[-1]))
    alike, apart = _alike(start, end)
    common = history.load([0], edges[0], now.timestamp())[0]
    found = [
        [one.times(number) for one in Past([(edges[0], standing)], common.gaps).accounts(list(edges))]
        for standing, number in alike.items()
    ]
    ids = list(apart)
    for at in range(0, len(ids), AT_ONCE):
        part = ids[at : at + AT_ONCE]
        for key, past in history.load(part, edges[0], now.timestamp()).items():
            found.append(past.accounts([max(edge, apart[key]) for edge in edges]))
    return [total(column) for column in zip(*found, strict=True)] or [NOTHING] * (len(edges) - 1)


def _alike(start: datetime, end: datetime) -> tuple[Counter[Standing], dict[int, float]]:
    """How many stood how all the time, with nothing of their own; the others, with when they were added."""
    gaps = MonitoringGap.objects.filter(service__isnull=False).exclude(ended_at__lte=start)
    own = Q(pk__in=gaps.values("service")) | Q(pk__in=ServiceHours.objects.values("service"))
    moved = Q(state_row=None) | Q(state_row__state_entered_at__gt=start)
    alone = Case(When(moved | own, then="pk"), default=Value(0))
    rows = Service.objects.filter(created_at__lt=end).order_by().annotate(alone=alone)
    grouped = rows.values_list("alone", "state_row__state", "state_row__disconnect_reason")
    alike, apart = Counter[Standing](), dict[int, float]()
    for key, state, reason, number, created in grouped.annotate(number=Count("pk"), first=Min("created_at")):
        if key:
            apart[key] = created.timestamp()
        else:
            alike[_standing(state, reason)] += number
    return alike, apart


def _standing(state: str, reason: str) -> Standing:
    given_up = state == State.DISCONNECTED and reason in (GAVE_UP, NOT_RESTARTED)
    return standing_of(state, Event.GIVE_UP if given_up else "")
