"""Served and down seconds of the members of targets, from the states as uptime counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.db.models import Sum

from lifecycle.core.monitoring import packing, spans
from lifecycle.core.monitoring.expectations.slo import NOTHING, Tally
from lifecycle.core.monitoring.uptime import Account
from lifecycle.models import Rollup5m, ServiceState, UptimeDay
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime.history import Past
from lifecycle.monitoring.uptime.slo.members import union

AT_ONCE = 2000


def tallies(
    members: Mapping[int, Sequence[int]], edges: Sequence[float], now: float
) -> dict[int, list[Tally]]:
    """For each target what was from each of *edges* to the next; several thousand services in few queries.

    Services that fared alike are counted once and multiplied: mostly all but a few did.
    """
    fared: dict[Any, int] = {}
    accounts: list[list[Account]] = []
    which: dict[int, int] = {}
    ids = union(members)
    for at in range(0, len(ids), AT_ONCE):
        for key, past in history.load(ids[at : at + AT_ONCE], edges[0], now).items():
            course = _course(past, edges[0])
            if course not in fared:
                fared[course] = len(accounts)
                accounts.append(past.accounts(list(edges)))
            which[key] = fared[course]
    down = {number for number, found in enumerate(accounts) if any(one.down for one in found)}
    failed = _failed([key for key in ids if which[key] in down], edges)
    return {
        slo: _summed([which[key] for key in own], accounts, [failed[key] for key in own if key in failed])
        or [NOTHING] * (len(edges) - 1)
        for slo, own in members.items()
    }


def _course(past: Past, start: float) -> Any:
    """All that its accounts from *start* on depend on."""
    before = [n for n, (at, _) in enumerate(past.changes) if at <= start]
    first = before[-1] if before else 0
    changes = past.changes[first:]
    if before:
        changes = [(start, changes[0][1]), *changes[1:]]
    return tuple(changes), tuple(past.gaps), tuple(past.excluded), past.hours


def _summed(
    fared: Sequence[int], accounts: Sequence[Sequence[Account]], failed: Sequence[Sequence[int]]
) -> list[Tally]:
    """Of one target: the accounts of its members added, and the most that failed of any."""
    many = Counter(fared).items()
    if not many:
        return []
    most = [max(column) for column in zip(*failed, strict=True)]
    found = []
    for n in range(len(accounts[fared[0]])):
        parts = [(accounts[number][n], times) for number, times in many]
        found.append(
            Tally(
                sum(account.serving * times for account, times in parts),
                sum(account.down * times for account, times in parts),
                sum(account.excluded * times for account, times in parts),
                most[n] if most else 0,
                max(account.down for account, _ in parts),
            )
        )
    return found


def _failed(ids: Sequence[int], edges: Sequence[float]) -> dict[int, list[int]]:
    """Failed checks of services that were down, by stretch; those of 5 minutes count where these begin."""
    starts = [start for start, _ in pairwise(edges)]
    found = {key: [0] * len(starts) for key in ids}
    place = {spans.floor(start, spans.MINUTES): n for n, start in reversed(list(enumerate(starts)))}
    rows = Rollup5m.objects.filter(service_id__in=ids, at__gte=min(place, default=0))
    for key, at, data in rows.values_list("service_id", "at", "data"):
        if at in place:
            summary = packing.merge([bytes(data)])
            found[key][place[at]] = summary.checks - summary.available
    row_of = ServiceState.objects.filter(pk__in=ids).values_list("pk", "consecutive_failures")
    last = place.get(spans.floor(starts[-1], spans.MINUTES), 0) if starts else 0
    for key, failures in row_of:
        found[key][last] = max(found[key][last], failures)
    return found


def closed_days(ids: Sequence[int], first: int, until: int) -> Tally:
    """The closed local days that begin in [first, until), as uptime has them."""
    found = NOTHING
    for at in range(0, len(ids), AT_ONCE):
        days = UptimeDay.objects.filter(service_id__in=ids[at : at + AT_ONCE], at__gte=first, at__lt=until)
        sums = days.aggregate(good=Sum("serving_s"), bad=Sum("down_s"), out=Sum("excluded_s"))
        found += Tally(sums["good"] or 0.0, sums["bad"] or 0.0, sums["out"] or 0.0)
    return found
