"""Hours, days and the fleet: what the checks say, whenever they came, and wherever a step is repeated."""

from __future__ import annotations

import random

import pytest

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.models import FleetRollup, RollupMark
from lifecycle.monitoring.rollups import fleet, marks, roll_up
from lifecycle.monitoring.rollups.write import Rollups
from tests.lifecycle.monitoring.rollups.checking import (
    START,
    by_hand,
    make_services,
    moment,
    record,
    stored,
    sums_agree,
)
from tests.lifecycle.monitoring.rollups.test_write import some

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
MIDNIGHT = START // DAY * DAY


def finish(now: float) -> None:
    while roll_up.step(moment(now)):
        pass
    while fleet.step(moment(now)):
        pass


def until(span: int) -> int:
    return RollupMark.objects.get(name=marks.SERVICES[span]).until


@pytest.mark.parametrize("seed", range(1))
def test_hours_and_days_are_what_the_checks_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With checks that come late, into hours of which some services are rolled up and others are not."""
    monkeypatch.setattr(roll_up, "SERVICES_AT_ONCE", 2)
    chance, ids = random.Random(seed), make_services(5)
    rollups, now = Rollups(), float(MIDNIGHT + 5 * HOUR)
    for _ in range(120):
        now += chance.choice((1, 30, 1000, 1500))
        record(rollups, some(chance, ids, now))
        for _ in range(chance.randint(0, 4)):
            roll_up.step(moment(now))
        for _ in range(chance.randint(0, 2)):
            fleet.step(moment(now))
    finish(now + 2 * DAY)
    assert until(DAY) > now
    assert sums_agree(closed=True)
    assert fleet_rows(MINUTES) == together(MINUTES)
    assert fleet_rows(HOUR) == together(HOUR)
    assert fleet_rows(DAY) == together(DAY)


def fleet_rows(span: int) -> dict[int, summaries.Summary]:
    rows = FleetRollup.objects.filter(span=span).values_list("at", "data")
    found = {at: packing.unpack(bytes(data)) for at, data in rows}
    return {at: summary for at, summary in found.items() if summary.total}


def together(span: int) -> dict[int, summaries.Summary]:
    found: dict[int, list[summaries.Summary]] = {}
    for (_, at), summary in by_hand(span).items():
        found.setdefault(at, []).append(summary)
    return {at: summaries.merge(parts) for at, parts in found.items()}


def test_an_hour_is_closed_when_it_is_over_and_late_checks_had_their_time() -> None:
    (service_id,) = make_services(1)
    record(Rollups(), [(service_id, START + 3599, 0, 10)])
    finish(START + HOUR + roll_up.GRACE - 1)
    assert stored(HOUR) == {} and until(HOUR) == START
    finish(START + HOUR + roll_up.GRACE)
    assert stored(HOUR) == by_hand(HOUR) and until(HOUR) == START + HOUR


def test_the_first_hour_begins_with_the_first_check() -> None:
    (service_id,) = make_services(1)
    record(Rollups(), [(service_id, START - 1, 0, 10)])
    finish(START + 600)
    assert stored(HOUR) == by_hand(HOUR)


def test_days_without_a_worker_leave_no_rows_and_the_next_check_is_counted() -> None:
    (service_id,) = make_services(1)
    rollups = Rollups()
    record(rollups, [(service_id, START, 0, 10)])
    finish(START)
    later = START + 7 * DAY
    record(rollups, [(service_id, later, 0, 10)])
    finish(later + 2 * DAY)
    assert sums_agree(closed=True) and len(stored(DAY)) == 2


def test_a_clock_that_was_set_back_by_a_week_counts_where_it_says_it_is() -> None:
    (service_id,) = make_services(1)
    rollups = Rollups()
    record(rollups, [(service_id, START, 0, 10)])
    finish(START + 7 * DAY)
    record(rollups, [(service_id, START + 60, 4, None), (service_id, START + DAY, 0, 7)])
    finish(START + 7 * DAY)
    assert sums_agree(closed=True)
    assert fleet_rows(HOUR) == together(HOUR)


def test_the_fleets_open_minutes_are_renewed() -> None:
    ids = make_services(3)
    rollups = Rollups()
    finish(START)
    record(rollups, [(service_id, START + 10, 0, 10) for service_id in ids])
    fleet.renew(moment(START + 20))
    assert fleet_rows(MINUTES) == together(MINUTES)
    record(rollups, [(ids[0], START + 40, 0, 10)])
    fleet.renew(moment(START + 60))
    assert fleet_rows(MINUTES) == together(MINUTES)
    assert FleetRollup.objects.get(at=START).services == 3
