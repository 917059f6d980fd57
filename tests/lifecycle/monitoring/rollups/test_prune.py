"""Each kind is kept as long as it should be, and nothing is deleted that is not rolled up."""

from __future__ import annotations

import pytest

from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES, RAW
from lifecycle.models import CheckResult, FleetRollup, RollupMark
from lifecycle.monitoring.rollups import fleet, marks, prune, roll_up
from lifecycle.monitoring.rollups.prune import Pruning
from lifecycle.monitoring.rollups.write import Rollups
from tests.lifecycle.monitoring.rollups.checking import START, by_hand, make_services, moment, record, stored

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MIDNIGHT = START // DAY * DAY
KEPT = {RAW: 2.0, MINUTES: 14.0, HOUR: 90.0, DAY: 730.0}
ALL = {RAW: 0.0, MINUTES: 0.0, HOUR: 0.0, DAY: 0.0}


def filled(ages: list[float], now: int = MIDNIGHT) -> list[int]:
    """Three services with a check each so many days ago, all rolled up."""
    ids = make_services(3)
    marks.begin(moment(now), int(now - max(ages) * DAY))
    record(Rollups(), [(one, now - age * DAY, 0, 10) for one in ids for age in ages])
    RollupMark.objects.filter(name="hour").update(until=now)
    RollupMark.objects.filter(name="day").update(until=now)
    RollupMark.objects.filter(name="fleet").update(until=now)
    return ids


def test_each_kind_is_kept_as_long_as_it_should_be() -> None:
    filled([1, 3, 13, 15])
    for span, model in ((HOUR, FleetRollup), (DAY, FleetRollup)):
        for age in (89, 91, 731):
            model.objects.create(span=span, at=MIDNIGHT - age * DAY, data=b"")
    assert not Pruning().step(KEPT, moment(MIDNIGHT))
    assert {(MIDNIGHT - row.at // 1000) / DAY for row in CheckResult.objects.all()} == {1}
    assert {(MIDNIGHT - at) / DAY for _, at in stored(MINUTES)} == {1, 3, 13}
    left = FleetRollup.objects.values_list("span", "at")
    kept = {(span, (MIDNIGHT - at) / DAY) for span, at in left}
    assert kept == {(HOUR, 89), (DAY, 89), (DAY, 91)}


def test_what_is_not_rolled_up_is_kept() -> None:
    (one, *_) = make_services(1)
    record(Rollups(), [(one, MIDNIGHT + 10, 0, 10), (one, MIDNIGHT + HOUR, 0, 10)])
    for _ in range(2):
        roll_up.step(moment(MIDNIGHT + HOUR + roll_up.GRACE))
    assert stored(HOUR) == {key: found for key, found in by_hand(HOUR).items() if key[1] == MIDNIGHT}
    Pruning().step(ALL, moment(MIDNIGHT + 30 * DAY))
    assert CheckResult.objects.count() == 0
    assert set(stored(MINUTES)) == {(one, MIDNIGHT), (one, MIDNIGHT + HOUR)}  # the fleet's are not made yet
    while fleet.step(moment(MIDNIGHT + 2 * HOUR)):
        pass
    Pruning().step(ALL, moment(MIDNIGHT + 30 * DAY))
    assert set(stored(MINUTES)) == {(one, MIDNIGHT + HOUR)}
    assert set(stored(HOUR)) == {(one, MIDNIGHT)}


def test_every_service_has_its_turn_and_no_step_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "SERVICES_AT_ONCE", 1)
    monkeypatch.setattr(prune, "ROWS_AT_ONCE", 2)
    filled([3, 3.1, 3.2, 3.3, 1])
    pruning, left = Pruning(), []
    for _ in range(10):
        pruning.step(KEPT, moment(MIDNIGHT))
        left.append(CheckResult.objects.count())
    assert left[:3] == [13, 11, 9] and left[-1] == 3


def test_a_round_is_as_many_steps_as_bring_every_service_its_turn_in_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prune, "SERVICES_AT_ONCE", 1)
    monkeypatch.setattr(prune, "TURN", 1)
    filled([1])
    pruning = Pruning()
    assert [pruning.step(KEPT, moment(MIDNIGHT)) for _ in range(6)] == [True, True, False] * 2


def test_readers_look_for_nothing_that_is_deleted() -> None:
    filled([1, 3])
    Pruning().step(KEPT, moment(MIDNIGHT))
    assert marks.kept(marks.SERVICES).since[RAW] == MIDNIGHT - 2 * DAY
    Pruning().step({**KEPT, RAW: 30.0}, moment(MIDNIGHT))
    assert marks.kept(marks.SERVICES).since[RAW] == MIDNIGHT - 2 * DAY, "they do not come back"
    Pruning().step(KEPT, moment(MIDNIGHT - 5 * DAY))
    assert marks.kept(marks.SERVICES).since[RAW] == MIDNIGHT - 7 * DAY, "the clock was wrong"
