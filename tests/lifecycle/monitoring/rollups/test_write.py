"""The 5 minutes under way: always what the checks say, whoever writes, and whatever is undone."""

from __future__ import annotations

import random

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from lifecycle.core.monitoring.spans import MINUTES
from lifecycle.models import CheckResult, Rollup5m
from lifecycle.monitoring.rollups.write import Rollups, Sample
from registry.models import Service
from tests.lifecycle.monitoring.rollups.checking import (
    START,
    Line,
    by_hand,
    make_services,
    record,
    stored,
    sums_agree,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def some(chance: random.Random, ids: list[int], now: float) -> list[Line]:
    """Up to 20 checks of different milliseconds, of the last seconds or, rarely, of a clock set back."""
    lines: list[Line] = []
    for service_id in chance.sample(ids, chance.randint(1, len(ids))):
        at = now + chance.random() - (chance.choice((0, 0, 0, 0, 400, 4000)) if chance.random() < 0.1 else 0)
        answered = chance.random() < 0.8
        lines.append((service_id, at, chance.randint(0, 7), chance.randint(0, 9000) if answered else None))
    return lines


@pytest.mark.parametrize("seed", range(3))
def test_it_always_is_what_the_checks_say(seed: int) -> None:
    chance, ids = random.Random(seed), make_services(5)
    workers, now = [Rollups(), Rollups()], float(START)
    for turn in range(60):
        now += chance.choice((1, 1, 30, 200))
        record(workers[turn // 20 % 2], some(chance, ids, now), epoch=turn // 20)
    assert sums_agree()


def test_a_new_worker_reads_what_is_there() -> None:
    (service_id,) = make_services(1)
    record(Rollups(), [(service_id, START, 0, 10)])
    record(Rollups(), [(service_id, START + 1, 0, 20)])
    assert sums_agree() and stored(MINUTES)[service_id, START].answered == 2


def test_what_is_undone_is_not_counted_later() -> None:
    (service_id,) = make_services(1)
    rollups = Rollups()
    record(rollups, [(service_id, START, 0, 10)])
    with transaction.atomic():
        rollups.add([Sample(service_id, 0, (START + 1) * 1000, 0, 5)])
        transaction.set_rollback(True)
    record(rollups, [(service_id, START + 2, 0, 20)])
    assert sums_agree()


def test_two_flushes_of_one_transaction_are_both_counted() -> None:
    (service_id,) = make_services(1)
    rollups = Rollups()
    record(rollups, [(service_id, START, 0, 10)])
    with transaction.atomic():
        record(rollups, [(service_id, START + 1, 0, 20)])
        record(rollups, [(service_id, START + 2, 0, 30)])
    record(rollups, [(service_id, START + 3, 0, 40)])
    assert sums_agree() and stored(MINUTES)[service_id, START].sum_ms == 100


def test_a_lease_that_went_and_came_back_is_read_anew() -> None:
    (service_id,) = make_services(1)
    ours, theirs = Rollups(), Rollups()
    for rollups, epoch, at in ((ours, 1, 0), (theirs, 2, 1), (ours, 3, 2), (ours, 3, 3)):
        record(rollups, [(service_id, START + at, 0, 10)], epoch)
    assert sums_agree() and stored(MINUTES)[service_id, START].answered == 4


def test_what_was_committed_last_is_not_read_again() -> None:
    ids = make_services(3)
    rollups = Rollups()
    record(rollups, [(service_id, START, 0, 10) for service_id in ids])
    with CaptureQueriesContext(
        connection,
    ) as asked:
        rollups.add([Sample(service_id, 0, START * 1000 + 9, 0, 1) for service_id in ids])
    assert not [query for query in asked if "SELECT" in query["sql"] and "rollup5m" in query["sql"]]


def test_a_removed_service_takes_its_sums_along() -> None:
    ids = make_services(2)
    record(Rollups(), [(service_id, START, 0, 10) for service_id in ids])
    Service.objects.filter(pk=ids[0]).delete()
    assert [row.service_id for row in Rollup5m.objects.all()] == [ids[1]]
    assert CheckResult.objects.count() == 1 and by_hand(MINUTES) == stored(MINUTES)
