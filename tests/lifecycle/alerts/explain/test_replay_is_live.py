"""The replay over the record tells what live told second by second: random days of a few services."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.alerts.explain import courses
from lifecycle.core.alerting.evaluate import Notice
from lifecycle.core.machine.states import CONNECTING
from lifecycle.core.machine.states import State as S
from lifecycle.live.feed import feed
from lifecycle.models import AlertRule, Channel, Episode, FeedItem, ServiceState
from registry.models import Dependency, Service
from tests.lifecycle.alerts.explain.conftest import Live, Recorded
from tests.support.fleet import NOON, at, make_rule

pytestmark = pytest.mark.django_db
RULES: list[dict[str, Any]] = [
    {"for_seconds": 15},
    {"for_seconds": 0, "cooldown_seconds": 40},
    {"for_seconds": 0, "cooldown_seconds": 0, "keep_firing_seconds": 30},
    {"condition": "not-serving-for", "seconds": 45},
    {"states": ["UNREACHABLE", "WARNING"], "for_seconds": 5},
]
LENGTH = 360
LATE = 6
"""What ends by time is looked at each 5 s."""


def walk(fleet: Recorded, chance: random.Random, *, needy: bool) -> None:
    live, names = Live(), ["a", "b"]
    services = [fleet.service(name) for name in names]
    if needy:
        Dependency.objects.create(service=services[0], depends_on=services[1])
    due = {service.pk: chance.randint(1, 40) for service in services}
    for second in range(LENGTH):
        for service in reversed(services):  # what is needed moves first
            if due[service.pk] == second:
                after = chance.choice([S.HEALTHY, S.HEALTHY, S.WARNING, S.RECONNECTING, S.UNREACHABLE])
                well = after in (S.HEALTHY, S.WARNING)
                waits = needy and service is services[0] and not well and down(services[1])
                event = "connected" if well else "lost"
                fleet.move(service, after, at(second), event=event, held_by="b" if waits else "")
                due[service.pk] = second + chance.choice([3, 8, 20, 50, 90])
        if needy:
            hold(at(second), *services)
        live.second(at(second))


def hold(now: datetime, service: Service, needed: Service) -> None:
    """As the engine marks who waits for a dependency that does not serve."""
    mine = ServiceState.objects.filter(service=service, state__in=CONNECTING)
    held_by = needed.name if down(needed) else ""
    if mine.exclude(held_by=held_by).update(held_by=held_by):
        feed.note(FeedItem.Kind.SERVICE, service.pk, now)


def down(service: Service) -> bool:
    return ServiceState.objects.filter(service=service, not_serving_since__isnull=False).exists()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("needy", [False, True])
def test_what_the_replay_fires_and_ends_is_what_live_did(
    fleet: Recorded, log_channel: Channel, seed: int, needy: bool
) -> None:
    rules = [make_rule(log_channel, name=f"r{n}", **fields) for n, fields in enumerate(RULES)]
    walk(fleet, random.Random(seed), needy=needy)
    for rule in rules:
        assert near(replayed(rule), lived(rule)), rule.name
    assert Episode.objects.filter(fired_at__isnull=False).count() > 5


def lived(rule: AlertRule) -> list[tuple[str, str, float]]:
    found = []
    for row in Episode.objects.filter(rule=rule, fired_at__isnull=False).select_related("service"):
        assert row.service and row.fired_at
        found.append((row.service.name, "firing", (row.fired_at - NOON).total_seconds()))
        if row.resolved_at:
            found.append((row.service.name, "resolved", (row.resolved_at - NOON).total_seconds()))
    return sorted(found)


def replayed(rule: AlertRule) -> list[tuple[str, str, float]]:
    names = dict(Service.objects.values_list("pk", "name"))
    pairs = courses.steps(rule, list(names), NOON - timedelta(hours=1), at(LENGTH - 1))
    return sorted(
        (names[service], step.notice.value, (step.at - NOON).total_seconds())
        for service, steps in pairs
        for step in steps
        if step.notice in (Notice.FIRING, Notice.RESOLVED)
    )


def near(one: list[tuple[str, str, float]], other: list[tuple[str, str, float]]) -> bool:
    """The same, each within what live may be late; what falls into the last seconds counts for neither."""
    left = [[each for each in found if each[2] < LENGTH - 2 * LATE] for found in (one, other)]
    if [each[:2] for each in left[0]] != [each[:2] for each in left[1]]:
        return False
    return all(abs(a[2] - b[2]) <= LATE for a, b in zip(*left, strict=True))
